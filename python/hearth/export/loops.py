"""How the loops of generated code are shared among threads: answers must not depend on how many there are."""

import contextlib
from collections.abc import Iterator
from unittest import mock

import torch
from torch._inductor.codegen import cpp
from torch._inductor.utils import sympy_product

# Inductor splits a nest of loops until it has work for so many; the threads of the exporting machine do not matter.
PLANNED_THREADS = 16
# Elements below which waking other threads costs more than they save.
_FEW_ELEMENTS = 4096

_decide_parallel_depth = cpp.CppKernel.decide_parallel_depth


@contextlib.contextmanager
def split_by_results(leaves_writes_by_index: bool = True) -> Iterator[None]:
    """Inside, Inductor generates loops whose answers are the same to the bit with any number of threads: threads share
    results, never the terms of one sum. A loop over few elements stays on one thread. `leaves_writes_by_index`: to the
    runtime's kernels, since two may meet."""
    with (
        mock.patch.object(cpp.LoopNest, "max_parallel_depth", _levels_of_results),
        mock.patch.object(cpp.CppKernel, "decide_parallel_depth", _levels_worth_sharing),
        mock.patch.object(torch, "are_deterministic_algorithms_enabled", lambda: leaves_writes_by_index),
        _without_filling(),
    ):
        yield


@contextlib.contextmanager
def _without_filling() -> Iterator[None]:
    """Deterministic algorithms would write NaN into memory that resizing adds."""
    settings = torch.utils.deterministic
    before = settings.fill_uninitialized_memory
    settings.fill_uninitialized_memory = False
    try:
        yield
    finally:
        settings.fill_uninitialized_memory = before


def _levels_of_results(nest: cpp.LoopNest) -> cpp.ParallelDepth:
    """Stands in for LoopNest.max_parallel_depth, which would share reductions among threads where those are long."""
    levels = 0
    for loop in nest.loops or []:
        if loop.is_reduction:
            break
        levels += 1
    return cpp.ParallelDepth(parallel_depth=levels, start_depth=0)


def _levels_worth_sharing(kernel: cpp.CppKernel, most: cpp.ParallelDepth, threads: int) -> cpp.ParallelDepth:
    """Stands in for CppKernel.decide_parallel_depth, which shares at least one level however little work there is."""
    elements = sympy_product(kernel.call_ranges)
    if elements.is_number and elements < _FEW_ELEMENTS:
        return cpp.ParallelDepth(parallel_depth=0, start_depth=most.start_depth)
    return _decide_parallel_depth(kernel, most, threads)
