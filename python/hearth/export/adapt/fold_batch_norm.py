"""Batch normalisation after a convolution or a linear layer: at inference a scale and a shift of the weights."""

import operator

import torch
from torch import Tensor
from torch.fx import Node

from hearth.export.adapt.editor import ProgramEditor, arguments, only_user

_aten = torch.ops.aten
_BATCH_NORM = _aten._native_batch_norm_legit_no_training.default
# Rank of the operand whose dimension 1 is the output channel.
_LAYERS = {
    _aten.conv1d.default: 3,
    _aten.conv1d.padding: 3,
    _aten.conv2d.default: 4,
    _aten.conv2d.padding: 4,
    _aten.conv3d.default: 5,
    _aten.conv3d.padding: 5,
    _aten.linear.default: 2,
}


def fold_batch_norms(editor: ProgramEditor) -> None:
    """Folds every batch normalisation of the running statistics whose input is used by nothing else and was made by a
    layer with constant weights. Computed in float64, stored in the weight's own dtype."""
    for node in list(editor.graph.find_nodes(op="call_function", target=_BATCH_NORM)):
        _fold(editor, node)


def _fold(editor: ProgramEditor, norm: Node) -> None:
    layer = norm.args[0]
    if layer.op != "call_function" or layer.target not in _LAYERS or only_user(layer) is not norm:
        return
    result = only_user(norm)
    if result is None or result.target is not operator.getitem or result.args[1] != 0:
        return
    if layer.meta["val"].dim() != _LAYERS[layer.target]:
        return
    call, statistics = arguments(layer), arguments(norm)
    nodes = (call["weight"], call["bias"], *(statistics[k] for k in ("weight", "bias", "running_mean", "running_var")))
    weight, bias, scale, shift, mean, variance = tensors = [editor.weight(node) for node in nodes]
    if any(node is not None and tensor is None for node, tensor in zip(nodes, tensors, strict=True)):
        return
    if weight is None or mean is None or variance is None:
        return
    factor = _factor(scale, variance, statistics["eps"])

    name = editor.weight_name(call["weight"])
    key = ("batch_norm", statistics["eps"])
    new_weight = editor.derive((*key, "weight"), tensors, name, lambda: _scaled(weight, factor))
    new_bias = editor.derive(
        (*key, "bias"),
        tensors,
        name.removesuffix("weight") + "bias",
        lambda: _shifted(bias, shift, mean, factor).to(weight.dtype),
    )
    editor.replace(result, layer.target, tuple((call | {"weight": new_weight, "bias": new_bias}).values()))


def _factor(scale: Tensor | None, variance: Tensor, eps: float) -> Tensor:
    factor = (variance.detach().double() + eps).rsqrt()
    return factor if scale is None else factor * scale.detach().double()


def _scaled(weight: Tensor, factor: Tensor) -> Tensor:
    wide = weight.detach().double() * factor.reshape(-1, *[1] * (weight.dim() - 1))
    return wide.to(weight.dtype)


def _shifted(bias: Tensor | None, shift: Tensor | None, mean: Tensor, factor: Tensor) -> Tensor:
    centred = -mean.detach().double() if bias is None else bias.detach().double() - mean.detach().double()
    return centred * factor if shift is None else centred * factor + shift.detach().double()
