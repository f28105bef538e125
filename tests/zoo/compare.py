"""Exports a case and compares `hearth run` with eager PyTorch."""

import subprocess
from pathlib import Path

import numpy as np
import torch
import torch.utils._pytree as pytree
from case import Case
from hearth.export import save
from hearth.export.accuracy import accuracy


def export(case: Case, path: Path, target: str, sized: bool, dtype: torch.dtype | None = None) -> None:
    """Writes the case to `path`, with dynamic sizes or those of the example. `dtype`: see hearth.export.save."""
    example = case.inputs(*case.example)
    save(path, case.module, (), example, case.dynamic_shapes() if sized else None, targets=target, dtype=dtype)


def difference(case: Case, size: tuple[int, ...], program: Path, path: Path, *options: str) -> float:
    """How far the file is from eager PyTorch on fresh inputs of `size`, relative to the largest element. `options`: for
    `hearth run`."""
    inputs = case.inputs(*size)
    folder = path.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    arguments = []
    for name, tensor in inputs.items():
        np.save(folder / f"{name}.npy", tensor.numpy())
        arguments += ["--input", f"{name}={folder / name}.npy"]
    command = [program, "run", path, "forward", *arguments, "--output", folder / "answers", "--quiet", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise AssertionError(f"hearth run failed: {done.stderr.strip()}")
    with torch.no_grad():
        expected = [leaf for leaf in pytree.tree_leaves(case.module(**inputs)) if isinstance(leaf, torch.Tensor)]
    measured = [torch.from_numpy(np.load(folder / "answers" / f"{i}.npy")) for i in range(len(expected))]
    for got, want in zip(measured, expected, strict=True):
        if (got.shape, got.dtype) != (want.shape, want.dtype):
            raise AssertionError(f"{got.dtype}{list(got.shape)} instead of {want.dtype}{list(want.shape)}")
    return accuracy(measured, expected).error
