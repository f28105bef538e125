"""Indices that come from data stay inside their tensors without device asserts."""

import contextlib
from unittest import mock

import sympy
import torch
from torch._inductor.codegen.common import CSEProxy
from torch._inductor.virtualized import ops
from torch.utils._sympy.value_ranges import ValueRanges

from hearth.export.cuda.gpu import Gpu
from hearth.export.cuda.patches.hook import Hook, Patch


def indices_clamped(stack: contextlib.ExitStack, _gpu: Gpu) -> None:
    """Inductor checks indices that come from data with device asserts. One that fails makes the driver give up the
    whole context, with every model in it, and asserts need functions that modules import. Instead an index outside is
    moved to the nearest element inside, which keeps memory safe; the element is another than the model would refuse."""
    original = CSEProxy.indirect_indexing

    def indirect_indexing(proxy, var, size, check=True, wrap_neg=True):
        symbol = original(proxy, var, size, False, wrap_neg)
        if not check:
            return symbol
        index = proxy.kernel.cse.varname_map[str(symbol)]
        size = sympy.sympify(size)
        has_lower = index.bounds.lower >= 0
        has_upper = isinstance(size, sympy.Number) and bool(index.bounds.upper < size)
        if has_lower and has_upper:
            return symbol
        clamped = index
        if not has_upper:
            clamped = ops.minimum(clamped, ops.index_expr(size - 1, torch.int64))
        if not has_lower:
            clamped = ops.maximum(clamped, ops.constant(0, torch.int64))
        upper = size - 1 if isinstance(size, sympy.Integer) and size > 0 else sympy.oo
        clamped = proxy.kernel.cse.generate(
            proxy.kernel.compute, clamped, bounds=ValueRanges(0, upper), dtype=torch.int64, shape=index.shape
        )
        return proxy.parent_handler.indirect_indexing(clamped, size, False)

    stack.enter_context(mock.patch.object(CSEProxy, "indirect_indexing", indirect_indexing))


PATCHES = [
    Patch(
        indices_clamped,
        (Hook("torch._inductor.codegen.common", "CSEProxy.indirect_indexing", "self, var, size, check, wrap_neg"),),
    )
]
