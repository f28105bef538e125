"""Models that keep their weights in bfloat16 or float16 and compute in float32: a checkpoint as it lies on the disk."""

import torch

from hearth.export.memory import give_back


def compute_in_float32(model: torch.nn.Module) -> None:
    """Makes each module of `model` see its own floating-point parameters and buffers in float32 while its forward()
    runs, so that no more than one module's are there twice. Changes nothing where they already are."""
    for module in model.modules():
        if any(map(_is_narrow, (*module._parameters.values(), *module._buffers.values()))):
            module.register_forward_pre_hook(_widen)
            module.register_forward_hook(_restore, always_call=True)


def _is_narrow(value: torch.Tensor | None) -> bool:
    return value is not None and value.dtype in (torch.bfloat16, torch.float16)


def _widen(module: torch.nn.Module, inputs: tuple) -> None:
    kept = []
    for values in (module._parameters, module._buffers):
        for name, value in values.items():
            if _is_narrow(value):
                kept.append((values, name, value))
                values[name] = value.float()
    module.__dict__.setdefault("_hearth_narrow", []).append(kept)


def _restore(module: torch.nn.Module, inputs: tuple, output) -> None:
    for values, name, value in module._hearth_narrow.pop():
        values[name] = value
        if not torch.compiler.is_exporting():
            give_back(value)
