"""Keeps the steps after torch.export from assuming more of symbolic sizes than the trace promised."""

import contextlib
from collections.abc import Iterator
from unittest import mock

import sympy
import torch
from torch._guards import detect_fake_mode
from torch.export import ExportedProgram
from torch.fx.experimental.symbolic_shapes import ShapeEnv
from torch.utils._sympy.symbol import SymT, symbol_is_type

from hearth.export.errors import ExportError


class FixedSizeError(ExportError):
    """A step held a symbolic size to one value."""


@contextlib.contextmanager
def symbolic_sizes_kept(program: ExportedProgram) -> Iterator[None]:
    """FixedSizeError when something inside fixes a symbolic size of `program` to a value. PyTorch itself only logs such
    a guard ("Ignored guard"), and the code that comes out corrupts memory at every other size. Comparisons that only
    choose a way to compute are answered for the example's sizes, but do not narrow the range of a size."""
    values = [node.meta["val"] for node in program.graph.find_nodes(op="placeholder") if "val" in node.meta]
    mode = detect_fake_mode([value for value in values if isinstance(value, torch.Tensor)])
    if mode is None or mode.shape_env is None:
        yield
        return
    keep_range = mock.patch.object(ShapeEnv, "_maybe_guard_rel", lambda _environment, _guard: None)
    with mock.patch.object(ShapeEnv, "_check_frozen", _refuse_fixed_sizes), keep_range:
        yield


def _refuse_fixed_sizes(_environment: ShapeEnv, expression: sympy.Basic, value: sympy.Basic) -> None:
    """Stands in for ShapeEnv._check_frozen, which sees every guard before it is kept."""
    if not _fixes(expression, value):
        return
    raise FixedSizeError(
        f"compiling the model would hold it to {expression} == {value}. Give that dimension a fixed size, or an "
        "example for which this is not so"
    )


def _fixes(expression: sympy.Basic, value: sympy.Basic) -> bool:
    backed = (SymT.SIZE, SymT.FLOAT)
    if not any(symbol_is_type(symbol, backed) for symbol in expression.free_symbols):
        return False
    if isinstance(expression, sympy.Eq):
        return value == sympy.true
    if isinstance(expression, sympy.Ne):
        return value == sympy.false
    return not isinstance(value, sympy.logic.boolalg.BooleanAtom)
