"""Products in bfloat16 or float16: what multiplies works in the narrow dtype, what normalises stays in float32."""

import torch
from torch.fx import Node

from hearth import ops  # noqa: F401  (registers torch.ops.hearth)
from hearth.block_weights import BLOCK_FORMATS
from hearth.export.adapt.editor import ProgramEditor, arguments
from hearth.export.adapt.fuse_ops import WEIGHT_FORMATS

_aten = torch.ops.aten
_hearth = torch.ops.hearth

# Their floating-point operands become narrow, weights once and for all; they sum in float32.
_PRODUCTS = {
    _aten.linear.default,
    _aten.matmul.default,
    _aten.mm.default,
    _aten.bmm.default,
    _aten.addmm.default,
    _aten.baddbmm.default,
    _aten.conv1d.default,
    _aten.conv1d.padding,
    _aten.conv2d.default,
    _aten.conv2d.padding,
    _aten.conv3d.default,
    _aten.conv3d.padding,
    _aten.conv_transpose1d.default,
    _aten.conv_transpose2d.input,
    _aten.conv_transpose3d.input,
    _aten.convolution.default,
    _aten.scaled_dot_product_attention.default,
    _aten.embedding.default,
    _hearth.hearth_linear.default,
    _hearth.hearth_conv2d.default,
    _hearth.hearth_encoder_attention.default,
    _hearth.hearth_moe.default,
}
# Operands that keep float32: they are added to sums before those are rounded.
_WIDE_OPERANDS = {
    _hearth.hearth_linear.default: {"bias"},
    _hearth.hearth_conv2d.default: {"bias"},
    _hearth.hearth_moe.default: {"bias"},
}

_FORMAT_ARGUMENTS = {
    target: [argument.name for argument in target._schema.arguments].index("fmt")
    for target in (_hearth.hearth_linear.default, _hearth.hearth_moe.default)
}

# Exact or harmless in a narrow dtype: narrow when an operand already is.
_PASSING = {
    _aten.abs,
    _aten.adaptive_avg_pool1d,
    _aten.adaptive_avg_pool2d,
    _aten.add,
    _aten.avg_pool1d,
    _aten.avg_pool2d,
    _aten.cat,
    _aten.chunk,
    _aten.clamp,
    _aten.clamp_min,
    _aten.clone,
    _aten.constant_pad_nd,
    _aten.contiguous,
    _aten.dropout,
    _aten.elu,
    _aten.expand,
    _aten.flatten,
    _aten.flip,
    _aten.gelu,
    _aten.hardsigmoid,
    _aten.hardswish,
    _aten.hardtanh,
    _aten.index_select,
    _aten.leaky_relu,
    _aten.max_pool1d,
    _aten.max_pool2d,
    _aten.max_pool2d_with_indices,
    _aten.max_pool3d,
    _aten.maximum,
    _aten.mean,
    _aten.minimum,
    _aten.mish,
    _aten.mul,
    _aten.narrow,
    _aten.neg,
    _aten.pad,
    _aten.permute,
    _aten.pixel_shuffle,
    _aten.pixel_unshuffle,
    _aten.relu,
    _aten.relu6,
    _aten.repeat,
    _aten.reshape,
    _aten.roll,
    _aten.select,
    _aten.sigmoid,
    _aten.silu,
    _aten.slice,
    _aten.split,
    _aten.split_with_sizes,
    _aten.squeeze,
    _aten.stack,
    _aten.sub,
    _aten.t,
    _aten.tanh,
    _aten.transpose,
    _aten.unbind,
    _aten.unflatten,
    _aten.unsqueeze,
    _aten.upsample_bilinear2d,
    _aten.upsample_nearest2d,
    _aten.view,
    _aten.where,
}


def lower_precision(editor: ProgramEditor, dtype: torch.dtype) -> None:
    """Rewrites a float32 program so that products take and give `dtype` (bfloat16 or float16), and so does what lies
    between them and loses nothing by it. Everything else (norms, softmax, reductions, exponentials) works in float32.
    The program's inputs and outputs keep their dtypes, and so do operands of dtypes other than these two."""
    outputs = editor.graph.output_node()
    dtypes = {node: node.meta["val"].dtype for node in outputs.all_input_nodes if _is(node, torch.float32, dtype)}
    for node in list(editor.graph.nodes):
        if node.op != "call_function":
            continue
        if node.target in _PRODUCTS or (_passes(node) and any(_is(operand, dtype) for operand in node.all_input_nodes)):
            _convert_operands(editor, node, torch.float32, dtype)
        else:
            _convert_operands(editor, node, dtype, torch.float32)
    for node, before in dtypes.items():
        if not _is(node, before):
            editor.substitute(outputs, node, _converted(editor, outputs, node, before))


def _is(node: Node, *dtypes: torch.dtype) -> bool:
    value = node.meta.get("val")
    return isinstance(value, torch.Tensor) and value.dtype in dtypes


def _passes(node: Node) -> bool:
    packet = getattr(node.target, "overloadpacket", None)
    # Parts of a result have its dtype.
    return packet in _PASSING or not isinstance(node.target, torch._ops.OpOverload | torch._ops.HigherOrderOperator)


def _convert_operands(editor: ProgramEditor, node: Node, before: torch.dtype, after: torch.dtype) -> None:
    """Converts the operands of `node` that are `before`, and recomputes what it returns."""
    kept = _WIDE_OPERANDS.get(node.target, set())
    wide = {value for name, value in arguments(node).items() if name in kept} if kept else set()
    mask = arguments(node)["attn_mask"] if node.target is _aten.scaled_dot_product_attention.default else None
    for operand in list(node.all_input_nodes):
        if operand not in wide and _is(operand, before):
            editor.substitute(node, operand, _converted(editor, node, operand, after, is_mask=operand is mask))
    # Weights in blocks have no dtype that could change.
    position = _FORMAT_ARGUMENTS.get(node.target)
    if position is not None and node.args[position] not in BLOCK_FORMATS:
        node.update_arg(position, WEIGHT_FORMATS[arguments(node)["weight"].meta["val"].dtype])
    editor.refresh(node)


def _converted(editor: ProgramEditor, user: Node, node: Node, dtype: torch.dtype, is_mask: bool = False) -> Node:
    """`node` in `dtype`: a new weight, what it was converted from, or a conversion before `user`. The lowest finite
    numbers, which masks are made of, stay finite."""
    weight = editor.weight(node)
    if weight is not None:
        return editor.derive((str(dtype),), [weight], editor.weight_name(node), lambda: _in_range(weight, dtype))
    if node.target is _aten.to.dtype and _is(node.args[0], dtype):
        return node.args[0]
    if is_mask:
        limits = torch.finfo(dtype)
        node = editor.insert(user, _aten.clamp.default, (node, limits.min, limits.max))
    return editor.insert(user, _aten.to.dtype, (node, dtype))


def _in_range(weight: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """`weight` in `dtype`; finite numbers beyond its range become the nearest in it."""
    limits = torch.finfo(dtype)
    if limits.max >= torch.finfo(weight.dtype).max:
        return weight.to(dtype)
    finite = torch.isfinite(weight)
    return torch.where(finite, weight.clamp(limits.min, limits.max), weight).to(dtype)
