#!/usr/bin/env bash
# Makes a virtual environment with `hearth` importable from this tree: the exporter's, .venv, from python/requirements.txt, or FOLDER from LOCK.
# Does nothing, and asks the network for nothing, when it is up to date.
#
# usage: tools/make_venv.sh [FOLDER LOCK]
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
venv="$root/${1:-.venv}"
lock="$root/${2:-python/requirements.txt}"
stamp="$venv/requirements.sha256"

fresh="$(sha256sum < "$lock")"
if [[ ! -f "$stamp" || "$(cat "$stamp")" != "$fresh" ]]; then
  echo "Making the Python environment ${1:-.venv}: downloads may take minutes"
  "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$lock"
  echo "$fresh" > "$stamp"
fi
site="$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')"
echo "$root/python" > "$site/hearth.pth"
