"""Weights that PyTorch packed in four bits for the processor at hand, in an order that every processor reads."""

import torch
from torch import Tensor
from torch.fx import Node

from hearth.export.adapt.editor import ProgramEditor

_aten = torch.ops.aten
_PACKED_PRODUCT = _aten._weight_int4pack_mm_for_cpu.default
# Columns of the weight that are read at a time.
_COLUMNS = 512
# What the number 0 is stored as.
_MIDDLE = 8


def unpack_int4_weights(editor: ProgramEditor) -> None:
    """Replaces products with weights that aten::_convert_weight_to_int4pack_for_cpu packed, whose order is that of the
    processor that packed them, by products with (number - 8) · scale + zero, the numbers two to a byte in the file.
    Products whose weights are not constant stay, and are refused later."""
    for node in list(editor.graph.find_nodes(op="call_function", target=_PACKED_PRODUCT)):
        x, packed, group, scales_and_zeros = node.args
        if editor.weight(packed) is not None:
            weight = _dequantised(editor, node, packed, group, scales_and_zeros)
            editor.replace(node, _aten.linear.default, (x, weight))


def _dequantised(editor: ProgramEditor, node: Node, packed: Node, group: int, scales_and_zeros: Node) -> Node:
    """The weight [N, K] in the dtype of the product's result."""
    tensor = editor.weight(packed)
    pairs = editor.derive(("int4",), [tensor], editor.weight_name(packed), lambda: _pairs(tensor))

    def call(target, *args):
        return editor.insert(node, target, args)

    rows, depth = tensor.shape[0], 2 * tensor.shape[1]
    low = call(_aten.bitwise_and.Scalar, pairs, 15)
    high = call(_aten.bitwise_right_shift.Tensor_Scalar, pairs, 4)
    grouped = call(_aten.view.default, call(_aten.stack.default, [low, high], -1), [rows, depth // group, group])
    numbers = call(_aten.sub.Tensor, call(_aten.to.dtype, grouped, torch.float32), _MIDDLE)
    scales, zeros = (
        call(_aten.unsqueeze.default, call(_aten.t.default, call(_aten.select.int, scales_and_zeros, 2, i)), 2)
        for i in (0, 1)
    )
    weight = call(_aten.add.Tensor, call(_aten.mul.Tensor, numbers, scales), zeros)
    return call(_aten.to.dtype, call(_aten.view.default, weight, [rows, depth]), node.meta["val"].dtype)


def _pairs(packed: Tensor) -> Tensor:
    """The numbers 0 to 15 of a packed weight, uint8 [N, K / 2], the first of two in the low half: what PyTorch's own
    product answers to unit vectors."""
    rows, depth = packed.shape[0], 2 * packed.shape[1]
    one_group = torch.zeros(depth // 32, rows, 2)
    one_group[:, :, 0] = 1
    numbers = torch.empty((rows, depth), dtype=torch.uint8)
    for column in range(0, depth, _COLUMNS):
        units = torch.eye(depth)[column : column + _COLUMNS]
        numbers[:, column : column + _COLUMNS] = (_PACKED_PRODUCT(units, packed, 32, one_group).t() + _MIDDLE).byte()
    return numbers[:, 0::2] | numbers[:, 1::2] << 4
