"""Dynamic sizes of 0 and 1: tracing takes for granted, without a word, that it never sees them."""

from collections.abc import Callable
from enum import Enum

import sympy
import torch
import torch.utils._pytree as pytree
from torch import Tensor
from torch.export import ExportedProgram
from torch.utils._sympy.value_ranges import ValueRanges

from hearth.export.accuracy import accuracy
from hearth.export.goldens import tolerance
from hearth.export.signature import InputFacts
from hearth.export.symbols import DeclaredDimension

# What a traced graph holds for, whatever was declared.
_TRACED = 2


class _Answer(Enum):
    """Of a graph, beside the model's own; NONE where one of them does not take the sizes."""

    SAME = 1
    DIFFERENT = 2
    NONE = 3


def find_smallest_sizes(
    program: ExportedProgram,
    module: torch.nn.Module,
    inputs: list[InputFacts],
    declared: dict[tuple[str, int], DeclaredDimension],
) -> None:
    """Lowers the range of each dynamic size to 1, or to the 0 or 1 that was declared, where `program` then answers as
    `module` does on the example cut to that size; raises it to 2 where it does not. A size that must be equal to
    another one may be small together with it."""
    graph = program.module(check_guards=False)
    undecided = {}
    for symbol in sorted({symbol for fact in inputs for symbol in fact.symbols()}, key=str):
        bounds = program.range_constraints.get(symbol)
        if bounds is not None and bounds.lower <= _TRACED:
            undecided[symbol] = _declared_minimum(symbol, inputs, declared)

    def answer(sizes: dict[sympy.Symbol, int]) -> _Answer:
        return _answer(graph, module, program.example_inputs, inputs, sizes)

    for size in range(_TRACED):
        small = [symbol for symbol, minimum in undecided.items() if minimum <= size]
        together = bool(small) and answer(dict.fromkeys(small, size)) is _Answer.SAME
        for symbol in small:
            alone = answer({symbol: size})
            if alone is _Answer.SAME or (together and alone is _Answer.NONE):
                del undecided[symbol]
                _set_lower(program, symbol, size)
    for symbol, minimum in undecided.items():
        _set_lower(program, symbol, max(minimum, _TRACED))


def _set_lower(program: ExportedProgram, symbol: sympy.Symbol, lower: int) -> None:
    program.range_constraints[symbol] = ValueRanges(lower, program.range_constraints[symbol].upper)


def _declared_minimum(symbol: sympy.Symbol, inputs: list[InputFacts], declared: dict) -> int:
    minimums = [
        declared[fact.name, position].minimum
        for fact in inputs
        for position, size in enumerate(fact.shape)
        if symbol in getattr(size, "free_symbols", ()) and (fact.name, position) in declared
    ]
    return max((minimum for minimum in minimums if minimum is not None), default=1)


def _answer(
    graph: Callable, module: Callable, example: tuple, inputs: list[InputFacts], sizes: dict[sympy.Symbol, int]
) -> _Answer:
    """What the graph says where some symbols have these sizes, the others those of the example."""
    cut = {id(fact.example): _cut(fact, sizes) for fact in inputs}
    if any(tensor is None for tensor in cut.values()):
        return _Answer.NONE

    def run(function: Callable) -> list | None:
        args, kwargs = pytree.tree_map_only(Tensor, lambda tensor: cut.get(id(tensor), tensor).clone(), example)
        try:
            return pytree.tree_leaves(function(*args, **kwargs))
        except Exception:
            # Any exception says that the sizes are not taken.
            return None

    expected, measured = run(module), run(graph)
    if expected is None or measured is None:
        return _Answer.NONE
    same = len(expected) == len(measured) and all(map(_same, measured, expected))
    return _Answer.SAME if same else _Answer.DIFFERENT


def _cut(fact: InputFacts, sizes: dict[sympy.Symbol, int]) -> Tensor | None:
    """The example with only its first elements; None when it does not have as many."""
    tensor = fact.example
    for position, size in enumerate(fact.shape):
        if sizes.keys() & getattr(size, "free_symbols", set()):
            count = size.subs(sizes)
            if not count.is_Integer or not 0 <= count <= tensor.shape[position]:
                return None
            tensor = tensor.narrow(position, 0, int(count))
    return tensor


def _same(measured, expected) -> bool:
    if not isinstance(expected, Tensor):
        return measured == expected
    if measured.shape != expected.shape or measured.dtype != expected.dtype:
        return False
    return accuracy([measured], [expected]).error <= tolerance(expected)[1]
