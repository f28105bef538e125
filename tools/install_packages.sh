#!/usr/bin/env bash
# Installs the Debian packages of the named groups (tools/packages/GROUP.txt) that are not there yet; asks the network for nothing when all are.
# usage: tools/install_packages.sh GROUP...
# Exit status: 0 all are there, 1 some are missing and could not be installed (they are named).
set -euo pipefail
folder="$(cd "$(dirname "$0")" && pwd)/packages"

wanted=()
for group in "$@"; do
  while read -r line; do
    [[ -z "$line" || "$line" == \#* ]] || wanted+=("$line")
  done < "$folder/$group.txt"
done

# $1: NAME or NAME:ARCHITECTURE; without one, this machine's own.
is_installed() {
  local name="${1%%:*}" architecture="${1#*:}"
  [[ "$1" == *:* ]] || architecture="$native"
  dpkg-query -W -f='${Architecture} ${db:Status-Status}\n' "$name" 2> /dev/null |
    grep -qxE "($architecture|all) installed"
}

if ! command -v dpkg-query > /dev/null; then
  echo "This is not Debian: please have these libraries and tools, in these versions or newer: ${wanted[*]}" >&2
  exit 0
fi

native="$(dpkg --print-architecture)"
missing=()
for package in "${wanted[@]}"; do
  is_installed "${package%%=*}" || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

if [[ "$(id -u)" == 0 ]]; then
  as_root=()
elif command -v sudo > /dev/null && sudo -n true 2> /dev/null; then
  as_root=(sudo)
else
  echo "These packages are missing, and installing them needs root:" >&2
  printf '  %s\n' "${missing[@]}" >&2
  echo "Install them with:" >&2
  [[ "${missing[*]}" != *:arm64* ]] || echo "  sudo dpkg --add-architecture arm64 && sudo apt-get update" >&2
  echo "  sudo apt-get install --no-install-recommends$(printf " '%s'" "${missing[@]}")" >&2
  exit 1
fi

echo "Installing ${#missing[@]} packages: ${missing[*]}"
if [[ "${missing[*]}" == *:arm64* ]] && ! dpkg --print-foreign-architectures | grep -qx arm64; then
  "${as_root[@]}" dpkg --add-architecture arm64
fi
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"; } > "$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "The packages could not be installed; apt's last words are above." >&2
  exit 1
fi
