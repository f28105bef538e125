"""Writes what the engines beside Hearth read: MODEL.onnx, MODEL.pte, the inputs and what eager PyTorch answers.

usage: .venv-bench/bin/python bench/prepare.py MODEL FOLDER
"""

import sys
from pathlib import Path

import numpy as np
import torch
from models import make


def executorch_program(model: torch.nn.Module, inputs: tuple) -> bytes:
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    lowered = to_edge_transform_and_lower(torch.export.export(model, inputs), partitioner=[XnnpackPartitioner()])
    return lowered.to_executorch().buffer


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    model, inputs = make(name)
    with torch.no_grad():
        answer = model(*inputs)
        np.savez(folder / f"{name}.inputs.npz", *(tensor.numpy() for tensor in inputs))
        np.save(folder / f"{name}.expected.npy", answer.numpy())
        torch.onnx.export(model, inputs, str(folder / f"{name}.onnx"), dynamo=True, external_data=False)
        (folder / f"{name}.pte").write_bytes(executorch_program(model, inputs))


if __name__ == "__main__":
    main()
