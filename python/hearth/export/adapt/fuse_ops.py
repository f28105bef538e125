"""Convolutions and linear layers with what follows them, as one call of the runtime's own operators."""

from collections.abc import Callable, Iterator

import torch
from torch.fx import Node

from hearth import ops  # noqa: F401  (registers torch.ops.hearth)
from hearth.export.adapt.editor import ProgramEditor, arguments
from hearth.export.adapt.epilogue import CONV2D, Epilogue, epilogue, padding_of, pair
from hearth.export.adapt.fold_padding import with_folded_padding

_aten = torch.ops.aten
_LINEAR = (_aten.linear.default,)
WEIGHT_FORMATS = {torch.float32: "f32", torch.bfloat16: "bf16", torch.float16: "f16"}
"""hearth_linear's names of the weight's dtypes."""


def fuse_operators(editor: ProgramEditor) -> None:
    """Replaces layers of float32, bfloat16 or float16 that have constant weights, together with a following addition of
    equal shape and a following activation, by hearth_linear and hearth_conv2d. Other layers stay ATen calls. Experts
    take their weights as they lie."""
    _turn_experts(editor)
    for targets, fused_call in ((CONV2D, _conv2d_call), (_LINEAR, _linear_call)):
        for layer in _layers(editor, targets):
            call = fused_call(editor, layer)
            if call is not None:
                target, arguments_for = call
                end = epilogue(layer)
                editor.replace(end.last, target, arguments_for(end))


def _layers(editor: ProgramEditor, targets: tuple) -> Iterator[Node]:
    # From the back: of two layers whose results are added, the later one can take the sum.
    for node in reversed(list(editor.graph.nodes)):
        if node.op == "call_function" and node.target in targets and node.meta["val"].dtype in WEIGHT_FORMATS:
            yield node


def _turn_experts(editor: ProgramEditor) -> None:
    """Makes weights of those that the graph turns: what makes weights narrow does not look behind a transposition."""
    for node in list(editor.graph.find_nodes(op="call_function", target=torch.ops.hearth.hearth_moe.default)):
        turned = arguments(node)["weight"]
        weight = editor.weight(turned.args[0]) if turned.target is _aten.transpose.int else None
        if weight is not None:
            name, dims = editor.weight_name(turned.args[0]), turned.args[1:]
            place = editor.derive(("turned", *dims), [weight], name, lambda w=weight, d=dims: w.transpose(*d))
            editor.substitute(node, turned, place)


def _linear_call(editor: ProgramEditor, layer: Node) -> tuple[Callable, Callable[[Epilogue], tuple]] | None:
    call = arguments(layer)
    weight = editor.weight(call["weight"])
    if weight is None or weight.dim() != 2:
        return None
    weight_node = call["weight"]
    if not weight.is_contiguous():
        name = editor.weight_name(weight_node)
        weight_node = editor.derive(("row_major",), [weight], name, lambda: weight.detach().contiguous())
    x, bias, n = call["input"], call["bias"], weight.shape[0]
    return torch.ops.hearth.hearth_linear.default, lambda end: (
        *(x, weight_node, bias, end.residual, WEIGHT_FORMATS[weight.dtype], n, end.activation),
    )


def _conv2d_call(editor: ProgramEditor, layer: Node) -> tuple[Callable, Callable[[Epilogue], tuple]] | None:
    call = arguments(layer)
    weight = editor.weight(call["weight"])
    if weight is None or layer.meta["val"].dim() != 4:
        return None
    stride, dilation = pair(call["stride"]), pair(call["dilation"])
    x, padding = with_folded_padding(call["input"], padding_of(call["padding"], weight.shape[2:], dilation))
    bias, groups = call["bias"], call["groups"]
    return torch.ops.hearth.hearth_conv2d.default, lambda end: (
        *(x, call["weight"], bias, end.residual, stride, padding, dilation, groups, end.activation),
    )
