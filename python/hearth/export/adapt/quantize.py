"""Int8 layers: which values of a float32 graph become bytes, said with the operators of PyTorch's own quantised graphs
(quantized_decomposed), so that one pass turns both into the runtime's layers."""

import torch
import torch.ao.quantization.fx._decomposed
from torch import Tensor
from torch.fx import Node

from hearth.export.adapt.editor import ProgramEditor, arguments, only_user
from hearth.export.adapt.epilogue import CONV2D
from hearth.export.adapt.observe import Ranges, observe

_aten = torch.ops.aten
_quantized = torch.ops.quantized_decomposed
_LARGEST_WEIGHT = 127


def quantize_layers(editor: ProgramEditor, calibration: list[list]) -> None:
    """Quantises all linear layers and 2-D convolutions of float32 with constant weights, but those in groups of several
    channels. Weights become int8, symmetric, each output channel with a scale of its own. What convolutions take, and
    what is added to their sums, becomes uint8 with the range that it has over `calibration` (flat lists of user
    inputs); what linear layers take is left to the runtime, which quantises each row when it comes."""
    convolutions = [node for node in editor.graph.nodes if _is_layer(editor, node, CONV2D)]
    convolutions = [node for node in convolutions if _multiplies_bytes(node)]
    linears = [node for node in editor.graph.nodes if _is_layer(editor, node, (_aten.linear.default,))]
    values = _byte_values(convolutions)
    seen = observe(editor, values, calibration)
    ranges = {node: seen[_origin(node)] for node in values if _origin(node) in seen}
    convolutions = [node for node in convolutions if node.args[0] in ranges]
    _insert_bytes(editor, ranges)
    for node in convolutions + linears:
        _quantize_weight(editor, node)


def _multiplies_bytes(convolution: Node) -> bool:
    """True for those that the runtime has fast kernels for: without groups, or with one channel in each."""
    groups = arguments(convolution)["groups"]
    return groups == 1 or groups == convolution.args[0].meta["val"].shape[1] == convolution.meta["val"].shape[1]


def _is_layer(editor: ProgramEditor, node: Node, targets: tuple) -> bool:
    if node.op != "call_function" or node.target not in targets:
        return False
    weight = editor.weight(node.args[1])
    return weight is not None and weight.dtype == torch.float32 and node.meta["val"].dim() >= weight.dim() - 2


def _byte_values(convolutions: list[Node]) -> list[Node]:
    """What convolutions take, directly or through pooling, and of two whose results are added the one that comes
    first."""
    values = {}
    for node in convolutions:
        values |= {_origin(node.args[0]): None, node.args[0]: None}
        user = only_user(node)
        if user is not None and user.target is _aten.add.Tensor:
            operands = [operand for operand in user.args[:2] if operand in convolutions]
            if len(operands) == 2:
                values[min(operands, key=convolutions.index)] = None
    return list(values)


def _origin(node: Node) -> Node:
    """The value that a pooled one has its numbers from."""
    return _origin(node.args[0]) if node.target is _aten.max_pool2d.default else node


def _insert_bytes(editor: ProgramEditor, ranges: Ranges) -> None:
    """Makes all users of the values but the graph's outputs take what is left after they were bytes."""
    output = editor.graph.output_node()
    for node, (low, high) in ranges.items():
        users = [user for user in node.users if user is not output]
        scale, zero = affine(low, high)
        first = next(other for other in editor.graph.nodes if other in node.users)
        meaning = (scale, zero, 0, 255, torch.uint8)
        stored = editor.insert(first, _quantized.quantize_per_tensor.default, (node, *meaning))
        restored = editor.insert(first, _quantized.dequantize_per_tensor.default, (stored, *meaning))
        for user in users:
            editor.substitute(user, node, restored)


def affine(low: float, high: float) -> tuple[float, int]:
    """Scale and zero point with which uint8 covers [low, high] and 0, which is exact."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 255
    # A value that is always 0 still needs a scale, which 1/scale must not make infinite.
    if scale < torch.finfo(torch.float32).tiny:
        scale = 1.0
    return scale, round(-low / scale)


def _quantize_weight(editor: ProgramEditor, layer: Node) -> None:
    node = arguments(layer)["weight"]
    weight, name = editor.weight(node), editor.weight_name(node)
    scales = editor.derive(("i8", "scales"), [weight], f"{name}_scale", lambda: _scales(weight))
    numbers = editor.derive(("i8", "weight"), [weight], name, lambda: _int8(weight))
    zeros = editor.derive(
        ("i8", "zeros"), [weight], f"{name}_zero", lambda: torch.zeros(weight.shape[0], dtype=torch.int64)
    )
    meaning = (scales, zeros, 0, -_LARGEST_WEIGHT, _LARGEST_WEIGHT, torch.int8)
    restored = editor.insert(layer, _quantized.dequantize_per_channel.default, (numbers, *meaning))
    editor.substitute(layer, node, restored)


def _scales(weight: Tensor) -> Tensor:
    largest = weight.detach().abs().amax(tuple(range(1, weight.dim())))
    return torch.where(largest > 0, largest / _LARGEST_WEIGHT, 1.0)


def _int8(weight: Tensor) -> Tensor:
    scales = _scales(weight).reshape(-1, *[1] * (weight.dim() - 1))
    return torch.round(weight.detach() / scales).to(torch.int8)
