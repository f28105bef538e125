"""What a decoder's graph computes from the number of tokens and their positions alone: masks, biases, positions."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind
from torch.fx import Node

from hearth.export.adapt.editor import shape_of

_aten = torch.ops.aten
# Of what these take, they ask only its size.
_SIZES_ONLY = (
    _aten.sym_size.int,
    _aten.ones_like.default,
    _aten.zeros_like.default,
    _aten.new_ones.default,
    _aten.new_zeros.default,
    _aten.full_like.default,
    _aten.new_full.default,
)


class StaticNodes:
    """Of a Decoder's program (tokens, positions, rows)."""

    def __init__(self, program: ExportedProgram) -> None:
        nodes = {node.name: node for node in program.graph.find_nodes(op="placeholder")}
        self.tokens, self.positions, self.rows = (nodes[name] for name in program.graph_signature.user_inputs)
        self._length = shape_of(self.tokens)[0]
        self._weights = {
            nodes[spec.arg.name]: program.state_dict.get(spec.target, program.constants.get(spec.target))
            for spec in program.graph_signature.input_specs
            if spec.kind is not InputKind.USER_INPUT
        }
        self._moving = {self.tokens, self.rows}
        for node in program.graph.nodes:
            takes_values = node.op == "call_function" and node.target not in _SIZES_ONLY
            if takes_values and not self._moving.isdisjoint(node.all_input_nodes):
                self._moving.add(node)

    def is_static(self, node: Node) -> bool:
        """Whether it depends on no token."""
        return node not in self._moving

    def is_square(self, node: Node) -> bool:
        """Whether its last dimensions are the step's tokens, both."""
        shape = shape_of(node)
        return len(shape) >= 2 and shape[-1] == shape[-2] == self._length

    def is_row(self, node: Node) -> bool:
        """Whether it has one number for each of the step's tokens."""
        value = node.meta.get("val")
        return isinstance(value, Tensor) and math.prod(shape_of(node)) == self._length

    def values(self, tokens: int) -> Callable[[Node], object]:
        """Gives what static nodes are for a sequence's first `tokens` tokens."""
        known = {self.tokens: torch.zeros(tokens, dtype=torch.long), self.positions: torch.arange(tokens)}

        def value(node: Node):
            if node not in known:
                if node.op == "placeholder":
                    return self._weights[node]
                args, kwargs = torch.fx.node.map_arg((node.args, node.kwargs), value)
                known[node] = node.target(*args, **kwargs)
            return known[node]

        return value
