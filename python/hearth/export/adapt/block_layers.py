"""Linear layers and tables whose weights lie in blocks of few bits."""

from collections import defaultdict

import torch
from torch import Tensor
from torch.fx import Node

from hearth import ops  # noqa: F401  (registers torch.ops.hearth)
from hearth.block_weights import quantize_blocks
from hearth.export.adapt.editor import ProgramEditor, arguments, only_user
from hearth.export.adapt.epilogue import epilogue
from hearth.export.errors import ExportError
from hearth.export.memory import give_back

_aten = torch.ops.aten
_hearth = torch.ops.hearth
_PANEL_ROWS = 16
# Tables that no layer shares and that are smaller stay as they are: positions, kinds of tokens.
_LARGE_TABLE = 1 << 20
_TABLE_FORMAT = "q8"


def quantize_to_blocks(editor: ProgramEditor, fmt: str) -> None:
    """Quantises the weights of all linear layers to `fmt`, and tables: those that a layer shares alike, other large
    ones to 8 bits. Layers that take the same input become one, whose result is cut. Layers of few outputs (routers)
    keep their weights."""
    _forget_facts(editor)
    layers = [node for node in editor.graph.nodes if _is_layer(editor, node)]
    shared = {_constant(editor, node.args[1])[1].data_ptr() for node in layers}
    for node in list(editor.graph.nodes):
        if node.op == "call_function" and node.target is _aten.embedding.default:
            _quantize_table(editor, node, fmt, shared)
    by_input = defaultdict(list)
    for node in layers:
        by_input[node.args[0]].append(node)
    for together in by_input.values():
        if len(together) > 1 and _can_join(editor, together):
            _join(editor, together, fmt)
        else:
            for node in reversed(together):
                _quantize_layer(editor, node, fmt)


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


def _is_layer(editor: ProgramEditor, node: Node) -> bool:
    if node.op != "call_function" or node.target is not _aten.linear.default:
        return False
    found = _constant(editor, node.args[1])
    return found is not None and found[1].shape[0] >= _PANEL_ROWS


def _packed(editor: ProgramEditor, weights: list[tuple[Node, Tensor]], fmt: str) -> Node:
    """A graph input with the rows of all weights, each a whole number of panels but for the last."""
    name = editor.weight_name(weights[0][0])

    def pack() -> Tensor:
        try:
            packed = torch.cat([quantize_blocks(weight, fmt) for _, weight in weights])
        except ValueError as error:
            raise ExportError(f"{name} cannot be quantised: {error}") from error
        for _, weight in weights:
            give_back(weight)
        return packed

    return editor.derive(("blocks", fmt), [weight for _, weight in weights], name, pack)


def _quantize_layer(editor: ProgramEditor, layer: Node, fmt: str) -> None:
    call, end = arguments(layer), epilogue(layer)
    weight = _constant(editor, call["weight"])
    packed, n = _packed(editor, [weight], fmt), weight[1].shape[0]
    operands = (call["input"], packed, call["bias"], end.residual, fmt, n, end.activation)
    editor.replace(end.last, _hearth.hearth_linear.default, operands)


def _can_join(editor: ProgramEditor, layers: list[Node]) -> bool:
    """True for whole panels, and biases that all or none of them have."""
    biases = [arguments(layer)["bias"] for layer in layers]
    whole = all(layer.meta["val"].shape[-1] % _PANEL_ROWS == 0 for layer in layers)
    constant = all(bias is not None and editor.weight(bias) is not None for bias in biases)
    return whole and (constant or not any(biases))


def _join(editor: ProgramEditor, layers: list[Node], fmt: str) -> None:
    weights = [_constant(editor, layer.args[1]) for layer in layers]
    biases = [arguments(layer)["bias"] for layer in layers]
    bias = None
    if biases[0] is not None:
        values = [editor.weight(node) for node in biases]
        bias = editor.derive(("joined",), values, editor.weight_name(biases[0]), lambda: torch.cat(values))
    sizes = [weight.shape[0] for _, weight in weights]
    operands = (layers[0].args[0], _packed(editor, weights, fmt), bias, None, fmt, sum(sizes), "none")
    joined = editor.insert(layers[0], _hearth.hearth_linear.default, operands)
    start = 0
    for layer, size in zip(layers, sizes, strict=True):
        part = editor.insert(layers[0], _aten.slice.Tensor, (joined, -1, start, start + size))
        editor.forward(layer, part)
        start += size


def _quantize_table(editor: ProgramEditor, node: Node, fmt: str, shared: set[int]) -> None:
    found = _constant(editor, node.args[0])
    if found is None:
        return
    table = found[1]
    if table.data_ptr() not in shared:
        if table.numel() < _LARGE_TABLE:
            return
        fmt = _TABLE_FORMAT
    user = only_user(node)
    last = user if _widens(user) else node
    operands = (node.args[1], _packed(editor, [found], fmt), fmt, *table.shape, last.meta["val"].dtype)
    editor.replace(last, _hearth.hearth_embedding.default, operands)
