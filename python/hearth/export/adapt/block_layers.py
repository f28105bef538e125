"""Linear layers, experts and tables whose weights lie in blocks of few bits."""

from collections import defaultdict
from collections.abc import Callable

import torch
from torch import Tensor
from torch.fx import Node

from hearth import ops  # noqa: F401  (registers torch.ops.hearth)
from hearth.block_weights import quantize_blocks
from hearth.export.adapt.editor import ProgramEditor, arguments, only_user
from hearth.export.adapt.epilogue import epilogue
from hearth.export.errors import ExportError
from hearth.export.memory import give_back
from hearth.export.rounded_weights import RoundedWeights

_aten = torch.ops.aten
_hearth = torch.ops.hearth
_PANEL_ROWS = 16
# Tables that no layer shares and that are smaller stay as they are: positions, kinds of tokens.
_LARGE_TABLE = 1 << 20
_TABLE_FORMAT = "q8"


def quantize_to_blocks(editor: ProgramEditor, fmt: str | None, rounded: RoundedWeights) -> None:
    """Puts the weights of all linear layers into blocks, and tables: weights that were rounded before as they are,
    others, unless `fmt` is None, quantised to it, and so the matrices of experts. Then tables that a layer shares
    become the same, other large ones 8 bits; layers of few outputs, and those that choose experts, keep their weights.
    Layers that take the same input become one, whose result is cut."""
    if fmt is None and not rounded:
        return
    _forget_facts(editor)
    blocks = _Blocks(editor, fmt, rounded)
    layers = [node for node in editor.graph.nodes if blocks.format_of_layer(node) is not None]
    shared = {_constant(editor, node.args[1])[1].data_ptr() for node in layers}
    for node in list(editor.graph.nodes):
        if node.op == "call_function" and node.target is _aten.embedding.default:
            blocks.put_table(node, shared)
    together = defaultdict(list)
    for node in layers:
        together[node.args[0], blocks.format_of_layer(node)].append(node)
    for (_, layer_format), nodes in together.items():
        if len(nodes) > 1 and _can_join(editor, nodes):
            blocks.put_joined(nodes, layer_format)
        else:
            for node in reversed(nodes):
                blocks.put_layer(node, layer_format)
    for node in list(editor.graph.find_nodes(op="call_function", target=_hearth.hearth_moe.default)):
        blocks.put_experts(node)


def _forget_facts(editor: ProgramEditor) -> None:
    """Removes what tracing asserts about weights: it would keep those that are replaced."""
    for node in list(editor.graph.nodes):
        if node.target is _aten._assert_tensor_metadata.default and editor.weight(node.args[0]) is not None:
            editor.graph.erase_node(node)


def _widens(node: Node | None) -> bool:
    """True for a conversion to float32 and nothing else."""
    if not isinstance(node, Node) or node.target not in (_aten.to.dtype, _aten._to_copy.default):
        return False
    return {"dtype": torch.float32} == {
        name: value for name, value in arguments(node).items() if value and name != "self"
    }


def _constant(editor: ProgramEditor, node: Node) -> tuple[Node, Tensor] | None:
    """The weight that `node` is, or that it widens to float32."""
    if _widens(node):
        node = node.args[0]
    weight = editor.weight(node)
    return None if weight is None or not weight.is_floating_point() or weight.dim() != 2 else (node, weight)


def _can_join(editor: ProgramEditor, layers: list[Node]) -> bool:
    """True for whole panels, and biases that all or none of them have."""
    biases = [arguments(layer)["bias"] for layer in layers]
    whole = all(layer.meta["val"].shape[-1] % _PANEL_ROWS == 0 for layer in layers)
    constant = all(bias is not None and editor.weight(bias) is not None for bias in biases)
    return whole and (constant or not any(biases))


def _or_error(name: str, pack: Callable[[], Tensor]) -> Tensor:
    try:
        return pack()
    except ValueError as error:
        raise ExportError(f"{name} cannot be quantised: {error}") from error


def _matrices(editor: ProgramEditor, node: Node) -> tuple[Node, Tensor] | None:
    """The weight behind an operand [experts, outputs, inputs], in that order of dimensions."""
    turned = False
    while node.op == "call_function" and (_widens(node) or node.target is _aten.transpose.int):
        if not _widens(node):
            if {dim % 3 for dim in node.args[1:]} != {1, 2}:
                return None
            turned = not turned
        node = node.args[0]
    weight = editor.weight(node)
    if weight is None or not weight.is_floating_point() or weight.dim() != 3:
        return None
    return node, weight.transpose(1, 2) if turned else weight


def _routers(editor: ProgramEditor) -> set[Node]:
    """Linear layers whose results are only compared: the largest choose a token's experts."""
    routers, seen = set(), set()
    waiting = [node.args[1] for node in editor.graph.find_nodes(op="call_function", target=_hearth.hearth_moe.default)]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.target is _aten.linear.default:
            routers.add(node)
        elif node.target is not _aten.matmul.default:
            waiting += node.all_input_nodes
    return routers


class _Blocks:
    """Puts layers and tables of a program into blocks."""

    def __init__(self, editor: ProgramEditor, fmt: str | None, rounded: RoundedWeights) -> None:
        self._editor = editor
        self._fmt = fmt
        self._rounded = rounded
        self._routers = _routers(editor)

    def format_of_layer(self, node: Node) -> str | None:
        """Of its weight in blocks; None for what is no layer, or keeps its weight."""
        if node.op != "call_function" or node.target is not _aten.linear.default:
            return None
        found = _constant(self._editor, node.args[1])
        if found is None:
            return None
        rounded = self._rounded.of(found[1])
        if rounded is not None:
            return rounded.fmt
        return self._fmt if found[1].shape[0] >= _PANEL_ROWS and node not in self._routers else None

    def put_layer(self, layer: Node, fmt: str) -> None:
        call, end = arguments(layer), epilogue(layer)
        weight = _constant(self._editor, call["weight"])
        packed, n = self._packed([weight], fmt), weight[1].shape[0]
        operands = (call["input"], packed, call["bias"], end.residual, fmt, n, end.activation)
        self._editor.replace(end.last, _hearth.hearth_linear.default, operands)

    def put_joined(self, layers: list[Node], fmt: str) -> None:
        editor = self._editor
        weights = [_constant(editor, layer.args[1]) for layer in layers]
        biases = [arguments(layer)["bias"] for layer in layers]
        bias = None
        if biases[0] is not None:
            values = [editor.weight(node) for node in biases]
            bias = editor.derive(("joined",), values, editor.weight_name(biases[0]), lambda: torch.cat(values))
        sizes = [weight.shape[0] for _, weight in weights]
        names = [editor.weight_name(node) for node, _ in weights]
        editor.joined[names[0]] = list(zip(names, sizes, strict=True))
        operands = (layers[0].args[0], self._packed(weights, fmt), bias, None, fmt, sum(sizes), "none")
        joined = editor.insert(layers[0], _hearth.hearth_linear.default, operands)
        start = 0
        for layer, size in zip(layers, sizes, strict=True):
            part = editor.insert(layers[0], _aten.slice.Tensor, (joined, -1, start, start + size))
            editor.forward(layer, part)
            start += size

    def put_experts(self, node: Node) -> None:
        call = arguments(node)
        found = _matrices(self._editor, call["weight"])
        if self._fmt is None or found is None:
            return
        place, weight = found

        def pack() -> Tensor:
            packed = torch.stack([self._pack(matrix, self._fmt) for matrix in weight])
            give_back(weight)
            return packed

        name = self._editor.weight_name(place)
        packed = self._editor.derive(("blocks", self._fmt), [weight], name, lambda: _or_error(name, pack))
        operands = (call["x"], call["experts"], packed, call["bias"], self._fmt, call["n"])
        self._editor.replace(node, _hearth.hearth_moe.default, operands)

    def put_table(self, node: Node, shared: set[int]) -> None:
        """`shared`: where weights of layers lie."""
        found = _constant(self._editor, node.args[0])
        fmt = None if found is None else self._format_of_table(found[1], shared)
        if fmt is None:
            return
        user = only_user(node)
        last = user if _widens(user) else node
        operands = (node.args[1], self._packed([found], fmt), fmt, *found[1].shape, last.meta["val"].dtype)
        self._editor.replace(last, _hearth.hearth_embedding.default, operands)

    def _format_of_table(self, table: Tensor, shared: set[int]) -> str | None:
        rounded = self._rounded.of(table)
        if rounded is not None:
            return rounded.fmt
        if table.data_ptr() in shared:
            return self._fmt
        return _TABLE_FORMAT if self._fmt is not None and table.numel() >= _LARGE_TABLE else None

    def _packed(self, weights: list[tuple[Node, Tensor]], fmt: str) -> Node:
        """A graph input with the rows of all weights, each a whole number of panels but for the last."""
        name = self._editor.weight_name(weights[0][0])

        def pack() -> Tensor:
            return torch.cat([self._pack(weight, fmt) for _, weight in weights])

        sources = [weight for _, weight in weights]
        return self._editor.derive(("blocks", fmt), sources, name, lambda: _or_error(name, pack))

    def _pack(self, weight: Tensor, fmt: str) -> Tensor:
        rounded = self._rounded.of(weight)
        if rounded is not None:
            return rounded.pack()
        packed = quantize_blocks(weight, fmt)
        give_back(weight)
        return packed
