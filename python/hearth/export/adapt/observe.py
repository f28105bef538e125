"""The ranges of a graph's values, seen while it runs on calibration inputs."""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.fx import Interpreter, Node

from hearth.export.adapt.editor import ProgramEditor

Ranges = dict[Node, tuple[float, float]]
"""The lowest and the highest finite number of each tensor."""


def observe(editor: ProgramEditor, nodes: Iterable[Node], calibration: list[list]) -> Ranges:
    """Runs the graph on each of `calibration` (flat lists of user inputs) and returns the ranges of `nodes`. A tensor
    without finite numbers is left out."""
    observer = _Observer(editor.graph, set(nodes))
    with torch.no_grad():
        for inputs in calibration:
            observer.run(*editor.placeholders(inputs))
    return observer.ranges


class _Observer(Interpreter):
    def __init__(self, graph: torch.fx.Graph, nodes: set[Node]) -> None:
        super().__init__(graph.owning_module, graph=graph)
        self.ranges: Ranges = {}
        self._nodes = nodes

    def run_node(self, node: Node):
        value = super().run_node(node)
        if node in self._nodes:
            self._see(node, value)
        return value

    def _see(self, node: Node, value: Tensor) -> None:
        finite = value[torch.isfinite(value)]
        if finite.numel() == 0:
            return
        low, high = float(finite.min()), float(finite.max())
        seen = self.ranges.get(node, (low, high))
        self.ranges[node] = (min(seen[0], low), max(seen[1], high))
