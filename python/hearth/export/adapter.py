"""`python -m hearth.export.adapter FOLDER --base FILE -o ADAPTER`: a LoRA adapter of PEFT as a file that the runtime
loads beside the base.

The file is a NumPy .npz. For each weight of the base that the adapter changes it has "<weight>.down" [R, K] and
"<weight>.up" [N, R], whose product is added; where one weight holds several layers, R counts the ranks of all.
"""

import argparse
import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import torch

from hearth.export.errors import ExportError
from hearth.export.lora import LowRank, read_low_rank

# How transformers' model is called in PEFT's, and in a file.
_IN_FILE = "model."


def save_adapter(folder: Path, base: Path, path: Path) -> int:
    """Writes what PEFT learned for the linear layers of the model in `base`, in float16 where that loses nothing of
    its range, else float32. Returns how many weights it changes. ExportError when the adapter is for another base, or
    changes what only merging can (tables, lengths of rows, whole layers)."""
    products = read_low_rank(folder)
    arrays, left = {}, set(products)
    for weight, layers in _layers_of(base).items():
        names = [name.removeprefix(_IN_FILE) for name, _ in layers]
        if left.isdisjoint(names):
            continue
        sizes = [rows for _, rows in layers]
        down, up = _joined(folder, names, sizes, products)
        arrays |= {f"{weight}.down": _narrow(down), f"{weight}.up": _narrow(up)}
        left -= set(names)
    if left:
        raise ExportError(
            f"{folder}: the adapter changes {min(left)}, which is no linear layer of {base}; it is for another base, "
            f"or has to be merged: python -m hearth.export BASE --adapter {folder}"
        )
    try:
        with path.open("wb") as file:
            np.savez(file, **arrays)
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error.strerror or error}") from error
    return len(arrays) // 2


def _layers_of(base: Path) -> dict[str, list]:
    """From a file's manifest: weights and the layers that they hold."""
    try:
        with zipfile.ZipFile(base) as file:
            name = next(name for name in file.namelist() if name.endswith("/extra/hearth.json"))
            tensors = json.loads(file.read(name))["tensors"]
    except (OSError, zipfile.BadZipFile, StopIteration, ValueError, KeyError) as error:
        raise ExportError(f"{base}: no file of hearth.export: {error or 'it has no manifest'}") from error
    return {name: tensor["layers"] for name, tensor in tensors.items() if "layers" in tensor}


def _joined(
    folder: Path, names: list[str], sizes: list[int], products: dict[str, LowRank]
) -> tuple[torch.Tensor, torch.Tensor]:
    """All layers of one weight: their A one below another, and B along the diagonal."""
    found = [products.get(name) for name in names]
    ranks = [0 if product is None else product.down.shape[0] for product in found]
    down = torch.cat([product.down for product in found if product is not None])
    up = torch.zeros(sum(sizes), sum(ranks))
    row = column = 0
    for name, product, size, rank in zip(names, found, sizes, ranks, strict=True):
        if product is not None:
            if product.up.shape[0] != size:
                raise ExportError(
                    f"{folder}: {name} has {product.up.shape[0]} outputs in the adapter and {size} in the model; it is "
                    f"for another base"
                )
            up[row : row + size, column : column + rank] = product.up
        row, column = row + size, column + rank
    return down, up


def _narrow(matrix: torch.Tensor) -> np.ndarray:
    half = matrix.half()
    return (half if torch.equal(half.float(), matrix) else matrix).numpy()


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns the exit status: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m hearth.export.adapter",
        description="Write a LoRA adapter of PEFT as a file for `hearth generate BASE --adapter FILE`.",
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="adapter_config.json and adapter_model.safetensors")
    parser.add_argument("--base", metavar="FILE", type=Path, required=True, help="the base model's .pt2 file")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True, help="the file to write")
    options = parser.parse_args(arguments)
    try:
        count = save_adapter(options.folder, options.base, options.output)
    except ExportError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{options.output}: adds to {count} weights of {options.base}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
