#!/usr/bin/env python3
"""Made stock.pt2, python.zip and the manifests least.json and dimensions.json in this folder, once. The others there
are what build_small_archive(), small_manifest() and ArchiveBuilder of src/archive/testing make.

usage: tests/fuzz-corpus/make_archives.py     rewrites those four beside itself
"""

import io
import json
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def zipped(entries: dict[str, bytes | str], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def manifest(**parts) -> str:
    fields = {"format": 1, "producer": {}, "name": "", "records": {}, "tensors": {}, "methods": {}}
    return json.dumps(fields | parts) + "\n"


def stock_package() -> bytes:
    """What AOTInductor packages, with an ELF header for a library."""
    library = b"\x7fELF\2\1\1".ljust(16, b"\0") + b"\3\0\x3e\0" + bytes(44)
    folder = "stock/data/aotinductor/model/"
    return zipped(
        {
            "stock/archive_format": "pt2",
            "stock/archive_version": "0",
            "stock/byteorder": "little",
            folder + "m.wrapper.so": library,
            folder + "m.wrapper_metadata.json": '{"AOTI_CPU_ISA": "AVX2", "AOTI_DEVICE_KEY": "cpu"}',
        }
    )


def dimensions() -> str:
    """Every form of a dimension, and the settings that small_manifest() leaves out."""
    target = {"device": "cpu", "machine": "aarch64", "system": "linux", "cpu_features": []}
    method = {
        "symbols": {"s": {"min": 0, "max": None}},
        "inputs": [{"name": "x", "dtype": "bfloat16", "shape": ["3*s-2", 0], "dim_order": [1, 0]}],
        "outputs": [{"name": "y", "dtype": "int4", "shape": [None, "s+1"]}],
        "targets": {"cpu-aarch64": {**target, "library": "a.so", "constants": {}}},
    }
    preprocess = {
        "resize": {"mode": "exact", "height": 1, "width": 2, "resample": "nearest"},
        "channels": 1,
        "rescale": 1,
        "mean": [0],
        "std": [1],
    }
    return manifest(
        records={"a.so": {"size": 1, "xxh3": "0123456789abcdef", "sha256": "0" * 64}},
        methods={"m": method},
        pipeline={"task": "image-classification", "method": "m", "input": "x", "output": "y", "preprocess": preprocess},
        goldens=[],
    )


def main() -> None:
    files = {
        "archive/stock.pt2": stock_package(),
        "zip_reader/python.zip": zipped({"a/b.txt": "x" * 200, "a/empty": ""}, zipfile.ZIP_DEFLATED),
        "manifest/least.json": manifest().encode(),
        "manifest/dimensions.json": dimensions().encode(),
    }
    for name, data in files.items():
        (HERE / name).write_bytes(data)


if __name__ == "__main__":
    main()
