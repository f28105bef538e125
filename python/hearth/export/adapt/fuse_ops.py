"""Convolutions and linear layers with what follows them, as one call of the runtime's own operators."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch.fx import Node

from hearth import ops  # noqa: F401  (registers torch.ops.hearth)
from hearth.export.adapt.editor import ProgramEditor, arguments, only_user, shape_of

_aten = torch.ops.aten
_LINEAR = (_aten.linear.default,)
_FORMATS = {torch.float32: "f32", torch.bfloat16: "bf16", torch.float16: "f16"}
_CONV2D = (_aten.conv2d.default, _aten.conv2d.padding)


def _activation(node: Node) -> str | None:
    """The name of the activation that a call applies to its first argument; None for other calls."""
    simple = {
        _aten.relu.default: "relu",
        _aten.relu6.default: "relu6",
        _aten.silu.default: "silu",
        _aten.hardswish.default: "hardswish",
    }
    if node.target in simple:
        return simple[node.target]
    if node.target is _aten.hardtanh.default:
        call = arguments(node)
        return "relu6" if (call["min_val"], call["max_val"]) == (0, 6) else None
    if node.target is _aten.gelu.default:
        return {"none": "gelu", "tanh": "gelu_tanh"}.get(arguments(node)["approximate"])
    return None


@dataclass
class _Epilogue:
    """What follows a layer: `last` is the call whose result the fused one replaces."""

    last: Node
    residual: Node | None = None
    activation: str = "none"


def fuse_operators(editor: ProgramEditor) -> None:
    """Replaces layers of float32, bfloat16 or float16 that have constant weights, together with a following addition of
    equal shape and a following activation, by hearth_linear and hearth_conv2d. Other layers stay ATen calls."""
    for targets, fused_call in ((_CONV2D, _conv2d_call), (_LINEAR, _linear_call)):
        for layer in _layers(editor, targets):
            call = fused_call(editor, layer)
            if call is not None:
                target, arguments_for = call
                epilogue = _epilogue(layer)
                editor.replace(epilogue.last, target, arguments_for(epilogue))


def _layers(editor: ProgramEditor, targets: tuple) -> Iterator[Node]:
    # From the back: of two layers whose results are added, the later one can take the sum.
    for node in reversed(list(editor.graph.nodes)):
        if node.op == "call_function" and node.target in targets and node.meta["val"].dtype in _FORMATS:
            yield node


def _epilogue(layer: Node) -> _Epilogue:
    epilogue = _Epilogue(layer)
    user = only_user(layer)
    if user is not None and user.target is _aten.add.Tensor and arguments(user)["alpha"] == 1:
        left, right = user.args[:2]
        other = right if left is layer else left
        if isinstance(other, Node) and other is not layer and _fits(other, layer):
            epilogue = _Epilogue(user, other)
            user = only_user(user)
    name = _activation(user) if user is not None else None
    return epilogue if name is None else _Epilogue(user, epilogue.residual, name)


def _fits(residual: Node, layer: Node) -> bool:
    value = residual.meta.get("val")
    return (
        isinstance(value, torch.Tensor)
        and value.dtype == layer.meta["val"].dtype
        and shape_of(residual) == shape_of(layer)
    )


def _linear_call(editor: ProgramEditor, layer: Node) -> tuple[Callable, Callable[[_Epilogue], tuple]] | None:
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
        *(x, weight_node, None, None, bias, end.residual, _FORMATS[weight.dtype], 0, n, end.activation),
    )


def _conv2d_call(editor: ProgramEditor, layer: Node) -> tuple[Callable, Callable[[_Epilogue], tuple]] | None:
    call = arguments(layer)
    weight = editor.weight(call["weight"])
    if weight is None or layer.meta["val"].dim() != 4:
        return None
    stride, dilation = _pair(call["stride"]), _pair(call["dilation"])
    padding = _padding(call["padding"], weight.shape[2:], dilation)
    if padding is None:
        return None
    x, bias, groups = call["input"], call["bias"], call["groups"]
    return torch.ops.hearth.hearth_conv2d.default, lambda end: (
        *(x, call["weight"], bias, end.residual, stride, padding, dilation, groups, end.activation),
    )


def _pair(values: list[int]) -> list[int]:
    return list(values) * (2 // len(values))


def _padding(padding: list[int] | str, kernel: tuple[int, ...], dilation: list[int]) -> list[int] | None:
    """Padding as numbers; None for "same" where the two sides of a dimension differ."""
    if padding == "valid":
        return [0, 0]
    if padding == "same":
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return None if any(t % 2 for t in total) else [t // 2 for t in total]
    return _pair(padding)
