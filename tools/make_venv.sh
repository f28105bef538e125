#!/usr/bin/env bash
# Makes a virtual environment with `hearth` importable from this tree: the exporter's, .venv, from python/requirements.txt, or FOLDER from LOCKs.
# Does nothing, and asks the network for nothing, when it is up to date.
#
# usage: tools/make_venv.sh [FOLDER LOCK...]
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
[[ $# -gt 0 ]] || set -- .venv python/requirements.txt
venv="$root/$1"

for lock in "${@:2}"; do
  stamp="$venv/$(basename "$lock" .txt).sha256"
  fresh="$(sha256sum < "$root/$lock")"
  [[ ! -f "$stamp" || "$(cat "$stamp")" != "$fresh" ]] || continue
  echo "Making the Python environment $1 from $lock: downloads may take minutes"
  [[ -x "$venv/bin/python" ]] || "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$root/$lock"
  echo "$fresh" > "$stamp"
done
site="$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')"
echo "$root/python" > "$site/hearth.pth"
