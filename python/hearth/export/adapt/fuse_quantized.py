"""Layers between conversions from and to bytes, as one call of the runtime's own operators: of graphs that PT2E
quantised (torch.ops.quantized_decomposed) as well as of those that quantize.py made."""

from dataclasses import dataclass

import torch
import torch.ao.quantization.fx._decomposed
from torch import Tensor
from torch.fx import Node

from hearth import ops  # noqa: F401  (registers torch.ops.hearth)
from hearth.export.adapt.editor import ProgramEditor, arguments, only_user
from hearth.export.adapt.epilogue import CONV2D, Epilogue, epilogue, padding_of, pair

_aten = torch.ops.aten
_hearth = torch.ops.hearth
_quantized = torch.ops.quantized_decomposed
_QUANTIZE = _quantized.quantize_per_tensor.default
_DEQUANTIZE = _quantized.dequantize_per_tensor.default
_DEQUANTIZE_CHANNELS = _quantized.dequantize_per_channel.default

# Calls that give numbers of their first argument as they are. (max_pool2d does too, but PyTorch's own cannot pool large
# images of uint8.)
_MOVING = (
    _aten.flatten.using_ints,
    _aten.permute.default,
    _aten.reshape.default,
    _aten.slice.Tensor,
    _aten.squeeze.dims,
    _aten.transpose.int,
    _aten.unsqueeze.default,
    _aten.view.default,
)


@dataclass(frozen=True)
class _Bytes:
    """A uint8 tensor and what it means: (byte - zero) * scale."""

    node: Node
    scale: float
    zero: int


def fuse_quantized_layers(editor: ProgramEditor) -> None:
    """Replaces linear layers and 2-D convolutions whose weights are dequantised int8, together with what follows them
    as in fuse_operators() and a conversion of the result to bytes. Convolutions must take bytes; linear layers that
    take floats get them quantised row by row at run time. Other conversions stay as they are."""
    for node in list(editor.graph.nodes):
        if node.target in (_QUANTIZE, _DEQUANTIZE):
            _shift_to_uint8(editor, node)
    for node in list(editor.graph.nodes):
        if node.target in _MOVING:
            _move_bytes(editor, node)
    for node in list(editor.graph.find_nodes(op="call_function", target=_QUANTIZE)):
        _drop_round_trip(editor, node)
    # From the back: of two layers whose results are added, the later one can take the sum.
    for node in reversed(list(editor.graph.nodes)):
        if node.target in CONV2D:
            _fuse_convolution(editor, node)
        elif node.target is _aten.linear.default:
            _fuse_linear(editor, node)


def _shift_to_uint8(editor: ProgramEditor, node: Node) -> None:
    """int8 conversions of the whole range as uint8 ones: the same numbers under other bytes."""
    if node.target is not _QUANTIZE:
        return
    _, scale, zero, low, high, dtype = node.args[:6]
    users = list(node.users)
    if dtype != torch.int8 or (low, high) != (-128, 127) or any(user.target is not _DEQUANTIZE for user in users):
        return
    meaning = (scale, zero + 128, 0, 255, torch.uint8)
    stored = editor.replace(node, _QUANTIZE, (node.args[0], *meaning))
    for user in list(stored.users):
        editor.replace(user, _DEQUANTIZE, (stored, *meaning))


def _bytes_of(node) -> _Bytes | None:
    """What a value was as uint8 numbers, when it is dequantised ones."""
    if not isinstance(node, Node) or node.target is not _DEQUANTIZE:
        return None
    stored, scale, zero, low, high, dtype = node.args[:6]
    if dtype != torch.uint8 or (low, high) != (0, 255) or node.meta["val"].dtype != torch.float32:
        return None
    return _Bytes(stored, float(scale), int(zero))


def _move_bytes(editor: ProgramEditor, node: Node) -> None:
    """Applies `node` to the bytes that its operand was dequantised from."""
    operand = node.args[0]
    if _bytes_of(operand) is None:
        return
    moved = editor.insert(node, node.target, (operand.args[0], *node.args[1:]))
    editor.replace(node, _DEQUANTIZE, (moved, *operand.args[1:]))


def _drop_round_trip(editor: ProgramEditor, node: Node) -> None:
    """Bytes that become the same bytes again stay what they are."""
    source = _bytes_of(node.args[0])
    if source is not None and node.args[1:6] == node.args[0].args[1:6]:
        editor.forward(node, source.node)


def _fuse_convolution(editor: ProgramEditor, layer: Node) -> None:
    call = arguments(layer)
    x = _bytes_of(call["input"])
    weight = _Weight.read(editor, call["weight"])
    if x is None or weight is None or layer.meta["val"].dim() != 4 or not _has_plain_bias(editor, call["bias"]):
        return
    dilation = pair(call["dilation"])
    padding = padding_of(call["padding"], weight.node.meta["val"].shape[2:], dilation)
    windows = (pair(call["stride"]), padding, dilation, call["groups"])
    operands = (x.node, x.zero, weight.node, *windows, weight.scales_times(editor, x.scale), call["bias"])
    _replace(editor, epilogue(layer), _hearth.hearth_quantized_conv2d.default, operands)


def _fuse_linear(editor: ProgramEditor, layer: Node) -> None:
    call = arguments(layer)
    weight = _Weight.read(editor, call["weight"])
    if weight is None or not _has_plain_bias(editor, call["bias"]) or layer.meta["val"].dtype != torch.float32:
        return
    x = _bytes_of(call["input"])
    if x is None:
        operands = (call["input"], 0, weight.node, weight.scales_times(editor, 1.0), call["bias"])
    else:
        operands = (x.node, x.zero, weight.node, weight.scales_times(editor, x.scale), call["bias"])
    _replace(editor, epilogue(layer), _hearth.hearth_quantized_linear.default, operands)


def _has_plain_bias(editor: ProgramEditor, bias: Node | None) -> bool:
    return bias is None or bias.meta["val"].dtype == torch.float32


def _replace(editor: ProgramEditor, end: Epilogue, target, operands: tuple) -> None:
    """Puts the quantised layer in the place of its epilogue's last call, or of that call's conversion to bytes."""
    residual = _bytes_of(end.residual)
    added = (residual.node, residual.scale, residual.zero) if residual else (end.residual, 1.0, 0)
    user = only_user(end.last)
    is_stored = user is not None and user.target is _QUANTIZE and user.args[3:6] == (0, 255, torch.uint8)
    result = (float(user.args[1]), int(user.args[2])) if is_stored else (None, 0)
    editor.replace(user if is_stored else end.last, target, (*operands, *added, *result, end.activation))


@dataclass(frozen=True)
class _Weight:
    """An int8 weight [N, ...] and its scales, graph inputs both."""

    node: Node
    tensor: Tensor
    scales: Tensor
    name: str

    @staticmethod
    def read(editor: ProgramEditor, node: Node) -> "_Weight | None":
        """The weight behind a dequantised one; None unless it is constant, symmetric and scaled by output channel."""
        if node.op != "call_function" or node.target not in (_DEQUANTIZE, _DEQUANTIZE_CHANNELS):
            return None
        stored = node.args[0]
        tensor = editor.weight(stored)
        if tensor is None or tensor.dtype != torch.int8 or node.meta["val"].dtype != torch.float32:
            return None
        if node.target is _DEQUANTIZE:
            scales, zeros, axis = torch.full((tensor.shape[0],), float(node.args[1])), torch.tensor(node.args[2]), 0
        else:
            scales, zeros, axis = editor.weight(node.args[1]), editor.weight(node.args[2]), node.args[3]
        if scales is None or axis != 0 or (zeros is not None and bool(zeros.any())):
            return None
        return _Weight(stored, tensor, scales, editor.weight_name(stored))

    def scales_times(self, editor: ProgramEditor, factor: float) -> Node:
        """A graph input: the scales of the layer's sums."""
        scales = self.scales.detach().float() * factor
        return editor.derive(("scales", factor), [self.tensor, self.scales], f"{self.name}_scale", lambda: scales)
