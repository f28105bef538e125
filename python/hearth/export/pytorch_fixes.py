"""Faults of PyTorch 2.13 in what it knows of symbolic sizes and complex numbers, mended while a model is exported."""

import contextlib
from collections.abc import Iterator
from unittest import mock

import sympy
import torch
from torch._inductor.fx_passes.joint_graph import UniformValueConstantFolder
from torch.fx.experimental import symbolic_shapes
from torch.utils._sympy.functions import Max, Min
from torch.utils._sympy.value_ranges import SymPyValueRangeAnalysis, ValueRangeError, ValueRanges

_pow_by_natural = SymPyValueRangeAnalysis.pow_by_natural
_evaluate = symbolic_shapes._maybe_evaluate_static_worker
_insertable = UniformValueConstantFolder.insertable_tensor_check


@contextlib.contextmanager
def pytorch_fixed() -> Iterator[None]:
    """Inside, expressions of sizes that PyTorch fails on have an answer, and tensors that hold one complex number
    everywhere are computed: Inductor would pass the number to `full`, and cannot."""
    with (
        mock.patch.object(UniformValueConstantFolder, "insertable_tensor_check", _may_be_literal),
        mock.patch.object(SymPyValueRangeAnalysis, "pow_by_natural", staticmethod(_any_pow)),
        mock.patch.object(symbolic_shapes, "_maybe_evaluate_static_worker", _evaluate_by_cases),
    ):
        yield


def _may_be_literal(folder: UniformValueConstantFolder, tensor: torch.Tensor) -> bool:
    return _insertable(folder, tensor) and not tensor.is_complex()


def _any_pow(base, exponent) -> ValueRanges:
    """The range of a power. PyTorch raises ValueRangeError for 1/x, which sizes that are divided lead to."""
    try:
        return _pow_by_natural(base, exponent)
    except ValueRangeError:
        return ValueRanges.unknown()


def _evaluate_by_cases(expression: sympy.Basic, *facts) -> sympy.Basic | None:
    """What is certain of an expression. PyTorch does not find that Max(1, u), the stride beside a size u that only a
    run tells, is not less than u, nor that Min(64, 64*s) is 64 for a size s."""
    known = _evaluate(expression, *facts)
    if known is not None:
        return known
    for choice in expression.atoms(Min, Max):
        first_is_less = _evaluate(sympy.Le(*choice.args), *facts) if len(choice.args) == 2 else None
        if first_is_less is not None:
            chosen = choice.args[bool(first_is_less) == isinstance(choice, Max)]
            return _evaluate_by_cases(expression.subs(choice, chosen), *facts)
    for stride in expression.atoms(Max):
        sizes = [argument for argument in stride.args if argument != 1]
        if len(stride.args) != 2 or len(sizes) != 1 or not sizes[0].is_Symbol:
            continue
        empty = _evaluate_by_cases(expression.subs({stride: 1, sizes[0]: 0}), *facts)
        if empty is not None and empty == _evaluate_by_cases(expression.subs(stride, sizes[0]), *facts):
            return empty
    return None
