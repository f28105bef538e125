"""What follows a layer and can be computed with it: an addition, then an activation."""

from dataclasses import dataclass

import torch
from torch.fx import Node

from hearth.export.adapt.editor import arguments, only_user, shape_of

_aten = torch.ops.aten
CONV2D = (_aten.conv2d.default, _aten.conv2d.padding)
"""The calls of a 2-D convolution."""


@dataclass
class Epilogue:
    """What follows a layer: `last` is the call whose result the fused one replaces."""

    last: Node
    residual: Node | None = None
    activation: str = "none"


def epilogue(layer: Node) -> Epilogue:
    """A following addition of equal shape and dtype, and a following activation. Nothing else uses what is between."""
    end = Epilogue(layer)
    user = only_user(layer)
    if user is not None and user.target is _aten.add.Tensor and arguments(user)["alpha"] == 1:
        left, right = user.args[:2]
        other = right if left is layer else left
        if isinstance(other, Node) and other is not layer and _fits(other, layer):
            end = Epilogue(user, other)
            user = only_user(user)
    name = _activation(user) if user is not None else None
    return end if name is None else Epilogue(user, end.residual, name)


def _fits(residual: Node, layer: Node) -> bool:
    value = residual.meta.get("val")
    return (
        isinstance(value, torch.Tensor)
        and value.dtype == layer.meta["val"].dtype
        and shape_of(residual) == shape_of(layer)
    )


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


def pair(values: list[int]) -> list[int]:
    return list(values) * (2 // len(values))


def padding_of(padding: list[int] | str, kernel: tuple[int, ...], dilation: list[int]) -> list[int]:
    """Padding as numbers: [height, width] or, where the two sides of a dimension differ, [top, left, bottom, right]."""
    if padding == "valid":
        return [0, 0]
    if padding == "same":
        total = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        before, behind = [t // 2 for t in total], [t - t // 2 for t in total]
        return before if before == behind else before + behind
    return pair(padding)
