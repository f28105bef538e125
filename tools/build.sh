#!/usr/bin/env bash
# Configures and builds a CMake preset, quietly: one line while it works, the compiler's words only when it fails.
# usage: tools/build.sh PRESET [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."
preset="$1"
shift
export CCACHE_SLOPPINESS="${CCACHE_SLOPPINESS:-pch_defines,time_macros}" # what ccache needs where headers are precompiled

log="$(mktemp)"
trap 'rm -f "$log"' EXIT
if ! cmake --preset "$preset" > "$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
echo "Building ($preset)"
targets=()
[[ $# == 0 ]] || targets=(--target "$@")
if [[ -t 1 ]]; then
  cmake --build --preset "$preset" "${targets[@]}"
elif ! cmake --build --preset "$preset" "${targets[@]}" > "$log" 2>&1; then
  grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking)' "$log" >&2
  exit 1
fi
