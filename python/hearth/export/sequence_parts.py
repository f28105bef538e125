"""Whether a decoder that is given a sequence in parts answers as it does to the whole: the runtime does give it so."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.export import ExportedProgram

from hearth import ops  # noqa: F401  (registers torch.ops.hearth)

# Relative to the largest logit: far more than another order of sums makes of it. Gemma3's 34 layers of random bfloat16
# weights were seen at 2.3e-2, smaller layers at 7e-2; a state that is lost makes another text of it.
_ANOTHER_ANSWER, _ANOTHER_ROUNDED_ANSWER = 1e-2, 2e-1
# Of a step's tokens, how many the second part has.
_LAST = 3


class KeptKeys:
    """hearth_attention with the keys and values of earlier calls, by layer, as the runtime keeps them."""

    def __init__(self) -> None:
        self._layers: dict[int, tuple[Tensor, Tensor]] = {}

    def attend(self, query: Tensor, key: Tensor, value: Tensor, sinks: Tensor | None, layer: int, *options) -> Tensor:
        """Arguments and answer of torch.ops.hearth.hearth_attention."""
        if layer in self._layers:
            kept = self._layers[layer]
            key, value = torch.cat([kept[0], key]), torch.cat([kept[1], value])
        self._layers[layer] = (key, value)
        earlier = key.shape[0] - query.shape[0]
        query = torch.cat([query.new_zeros(earlier, *query.shape[1:]), query])
        return torch.ops.hearth.hearth_attention(query, key, value, sinks, layer, *options)[earlier:]


def same_in_parts(
    run: Callable[[Tensor, Tensor, Tensor], Tensor], step: tuple, expected: Tensor, tolerance: float
) -> bool:
    """run: tokens [T], positions [T], rows [R] -> logits [R, V], which goes on with what it was given before; `step`:
    its arguments for a whole sequence, `expected`: the logits of its last token [V]; `tolerance`: see
    rounding_tolerance()."""
    tokens, positions, _ = step
    first = len(tokens) - _LAST
    with torch.no_grad():
        run(tokens[:first], positions[:first], torch.tensor([first - 1]))
        logits = run(tokens[first:], positions[first:], torch.tensor([_LAST - 1]))[0]
    return same_answer(logits, expected, tolerance)


def same_answer(logits: Tensor, expected: Tensor, tolerance: float) -> bool:
    """Whether they differ by rounding alone."""
    return float((logits - expected).abs().max()) <= tolerance * float(expected.abs().max())


def rounding_tolerance(model: torch.nn.Module) -> float:
    """How far answers of `model` may be apart by rounding alone, relative to the largest logit."""
    exact = all(value.dtype.itemsize >= 4 for value in model.parameters() if value.is_floating_point())
    return _ANOTHER_ANSWER if exact else _ANOTHER_ROUNDED_ANSWER


def program_in_parts(program: ExportedProgram) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """The decoder's graph as same_in_parts() runs it."""
    module, kept = program.module(check_guards=False), KeptKeys()
    for node in module.graph.find_nodes(op="call_function", target=torch.ops.hearth.hearth_attention.default):
        node.target = kept.attend
    module.recompile()
    return lambda *step: module(*step)["logits"]
