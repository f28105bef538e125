"""Weights of 2-D convolutions in channels-last memory, the order in which the kernels and Inductor read them."""

from torch import Tensor

from hearth import ops
from hearth.export.adapt.editor import ProgramEditor
from hearth.export.adapt.epilogue import CONV2D


def make_weights_channels_last(editor: ProgramEditor) -> None:
    """Lays the constant weights of all 2-D convolutions out as [O, H, W, C]."""
    for target in CONV2D:
        for node in list(editor.graph.find_nodes(op="call_function", target=target)):
            old = node.args[1]
            weight = editor.weight(old)
            if weight is not None and weight.stride() != ops.channels_last_strides(weight.shape):
                new = editor.derive(
                    ("channels_last",), [weight], editor.weight_name(old), lambda weight=weight: _laid_out(weight)
                )
                editor.substitute(node, old, new)


def _laid_out(weight: Tensor) -> Tensor:
    detached = weight.detach()
    return detached.new_empty_strided(weight.shape, ops.channels_last_strides(weight.shape)).copy_(detached)
