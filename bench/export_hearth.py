"""Exports one of the models in one precision, with the project's own environment.

usage: .venv/bin/python bench/export_hearth.py MODEL f32|bf16|i8 FILE.pt2
"""

import sys

import torch
from hearth.export import save
from models import make

PRECISIONS = {"f32": {}, "bf16": {"dtype": torch.bfloat16}, "i8": {"quant": "i8"}}


def main() -> None:
    name, precision, path = sys.argv[1:]
    model, inputs = make(name)
    save(path, model, inputs, **PRECISIONS[precision])


if __name__ == "__main__":
    main()
