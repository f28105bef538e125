"""Zeros put around a picture before a convolution: the convolution's own padding."""

import torch
from torch.fx import Node

from hearth.export.adapt.editor import ProgramEditor, arguments
from hearth.export.adapt.epilogue import CONV2D, padding_of, pair

_aten = torch.ops.aten
_PADDING = (_aten.pad.default, _aten.constant_pad_nd.default)


def fold_even_padding(editor: ProgramEditor) -> None:
    """Makes 2-D convolutions pad what they take by themselves where both sides of each dimension get equally much,
    which is all that PyTorch's own operator knows."""
    for node in list(editor.graph.nodes):
        if node.op != "call_function" or node.target not in CONV2D or node.meta["val"].dim() != 4:
            continue
        call = arguments(node)
        stride, dilation = pair(call["stride"]), pair(call["dilation"])
        own = padding_of(call["padding"], call["weight"].meta["val"].shape[2:], dilation)
        x, padding = with_folded_padding(call["input"], own)
        if x is not call["input"] and len(padding) == 2:
            parts = (x, call["weight"], call["bias"], stride, padding, dilation, call["groups"])
            editor.replace(node, _aten.conv2d.default, parts)


def with_folded_padding(x: Node, padding: list[int]) -> tuple[Node, list[int]]:
    """`x` without the zeros that a preceding call puts around it, and `padding` ([height, width] or [top, left, bottom,
    right]) with them; both as they are where there is no such call."""
    zeros = _zeros_around(x)
    if zeros is None:
        return x, padding
    left, right, top, bottom = zeros
    before, behind = [padding[0] + top, padding[1] + left], [padding[-2] + bottom, padding[-1] + right]
    return x.args[0], before if before == behind else before + behind


def _zeros_around(x: Node) -> list[int] | None:
    """[left, right, top, bottom] of a call that pads a picture with zeros."""
    if x.op != "call_function" or x.target not in _PADDING or x.meta["val"].dim() != 4:
        return None
    call = arguments(x)
    sides = list(call["pad"])
    if (
        call.get("mode", "constant") != "constant"
        or call["value"] not in (None, 0)
        or len(sides) not in (2, 4)
        or any(not isinstance(s, int) or s < 0 for s in sides)
    ):
        return None
    return sides + [0] * (4 - len(sides))
