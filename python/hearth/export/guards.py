"""Keeps the steps after torch.export from assuming more of symbolic sizes than the trace promised."""

import contextlib
from collections.abc import Iterator

import torch
from torch._guards import detect_fake_mode
from torch.export import ExportedProgram
from torch.fx.experimental.symbolic_shapes import _ShapeEnvGuardError

from hearth.export.errors import ExportError


@contextlib.contextmanager
def symbolic_sizes_kept(program: ExportedProgram) -> Iterator[None]:
    """ExportError when something inside fixes or narrows a symbolic size of `program`. PyTorch itself goes on after
    such a guard, and the code that comes out is wrong for every other size."""
    values = [node.meta["val"] for node in program.graph.find_nodes(op="placeholder") if "val" in node.meta]
    mode = detect_fake_mode([value for value in values if isinstance(value, torch.Tensor)])
    if mode is None or mode.shape_env is None:
        yield
        return
    try:
        with mode.shape_env.error_on_new_guards():
            yield
    except _ShapeEnvGuardError as error:
        guard = str(error).rpartition(": ")[2]
        raise ExportError(
            f"compiling the model would hold it to sizes with {guard}. Give that dimension a fixed size, or a range "
            "for which it always holds"
        ) from error
