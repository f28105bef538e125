#!/usr/bin/env bash
# Sees to an nvcc for Hearth's kernels for NVIDIA GPUs: the PATH's, from CUDA 12.8 on, or else NVIDIA's wheels in the environment .venv-cuda, where
# src/kernels/cuda/CMakeLists.txt looks first. Asks the network for nothing when there is one.
# usage: tools/install_nvcc.sh
set -euo pipefail
cd "$(dirname "$0")/.."
oldest=12.8

if command -v nvcc > /dev/null; then
  version="$(nvcc --version 2> /dev/null | sed -n 's/.*release \([0-9.]*\),.*/\1/p' || true)"
  [[ "$(printf '%s\n' "$oldest" "$version" | sort --version-sort | head -n 1)" != "$oldest" ]] || exit 0
fi
case "$(uname -sm)" in
  "Linux x86_64" | "Linux aarch64") ;;
  *)
    echo "There is no nvcc for this machine: Hearth is built without its kernels for NVIDIA GPUs" >&2
    exit 0
    ;;
esac
tools/make_venv.sh .venv-cuda tools/nvcc_requirements.txt
