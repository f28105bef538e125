"""Rewrites of an exported graph that make it faster for the runtime without changing what it computes, but for the
precision that was asked for."""

import torch
from torch.export import ExportedProgram

from hearth.export.adapt.block_layers import quantize_to_blocks
from hearth.export.adapt.channels_last import make_weights_channels_last
from hearth.export.adapt.editor import ProgramEditor
from hearth.export.adapt.fold_batch_norm import fold_batch_norms
from hearth.export.adapt.fold_padding import fold_even_padding
from hearth.export.adapt.fuse_ops import fuse_operators
from hearth.export.adapt.fuse_quantized import fuse_quantized_layers
from hearth.export.adapt.mixed_precision import lower_precision
from hearth.export.adapt.name_linear import name_linear_layers
from hearth.export.adapt.quantize import quantize_layers
from hearth.export.adapt.unpack_int4 import unpack_int4_weights
from hearth.export.rounded_weights import RoundedWeights


def adapt(
    program: ExportedProgram,
    shared: dict,
    dtype: torch.dtype = torch.float32,
    calibration: list[list] | None = None,
    blocks: str | None = None,
    rounded: RoundedWeights | None = None,
) -> ExportedProgram:
    """All rewrites in order, on `program` itself, which must be functional. `shared` keeps adapted weights for the
    other methods of the same model; `dtype`: what a float32 program computes products in; `calibration`: quantises
    layers to int8 with the ranges of values that these flat lists of user inputs lead to; `blocks`: rounds the weights
    of linear layers and tables to this one of BLOCK_FORMATS; `rounded`: weights that blocks hold as they are. What no
    rewrite knows stays as it is."""
    editor = ProgramEditor(program, shared)
    unpack_int4_weights(editor)
    name_linear_layers(editor)
    fold_batch_norms(editor)
    fold_even_padding(editor)
    make_weights_channels_last(editor)
    quantize_to_blocks(editor, blocks, rounded or RoundedWeights())
    if calibration is not None:
        quantize_layers(editor, calibration)
    fuse_quantized_layers(editor)
    fuse_operators(editor)
    if dtype != torch.float32:
        lower_precision(editor, dtype)
    return editor.finish()
