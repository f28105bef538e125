"""Linear layers that a model writes as a product with its turned weight, by their own name."""

import torch
from torch.fx import Node

from hearth.export.adapt.editor import ProgramEditor

_aten = torch.ops.aten
_WIDENS = (_aten._to_copy.default, _aten.to.dtype)


def name_linear_layers(editor: ProgramEditor) -> None:
    """Makes x @ weight.T a linear layer, which is what the rewrites after this one know."""
    for target in (_aten.matmul.default, _aten.mm.default):
        for node in list(editor.graph.find_nodes(op="call_function", target=target)):
            x, turned = node.args
            if _turns_matrix(turned) and _is_weight(editor, turned.args[0]):
                editor.replace(node, _aten.linear.default, (x, turned.args[0]))


def _turns_matrix(node: Node) -> bool:
    if node.op != "call_function" or node.target not in (_aten.permute.default, _aten.transpose.int, _aten.t.default):
        return False
    if node.meta["val"].dim() != 2:
        return False
    if node.target is _aten.permute.default:
        return [dim % 2 for dim in node.args[1]] == [1, 0]
    return node.target is _aten.t.default or {dim % 2 for dim in node.args[1:]} == {0, 1}


def _is_weight(editor: ProgramEditor, node: Node) -> bool:
    while node.target in _WIDENS:
        node = node.args[0]
    return editor.weight(node) is not None
