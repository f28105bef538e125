"""What a model answers, as tensors: a file has no other outputs."""

import dataclasses
import functools
from typing import Any

import torch
import torch.utils._pytree as pytree
from torch import Tensor, nn


def answers_only_tensors(answer: Any) -> bool:
    """Whether `answer` is what torch.export takes and a file can hold as it is."""
    leaves, structure = pytree.tree_flatten(answer)
    try:
        pytree.treespec_dumps(structure)
    except NotImplementedError:
        return False
    return all(isinstance(leaf, Tensor) for leaf in leaves)


def tensor_outputs(answer: Any) -> dict[str, Tensor]:
    """All tensors of `answer` by path: "logits", "states.0". Numbers become 0-dimensional tensors, objects are read
    field by field; None, strings and the like are left out."""
    found: dict[str, Tensor] = {}
    _collect(answer, "", found)
    return found


class TensorsOnly(nn.Module):
    """A model with its answer as tensor_outputs() gives it. Takes what `model` takes."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

        @functools.wraps(model.forward)
        def forward(*args, **kwargs):
            return tensor_outputs(model(*args, **kwargs))

        self.forward = forward


def _collect(value: Any, path: str, found: dict[str, Tensor]) -> None:
    if isinstance(value, Tensor):
        found[path or "0"] = value
    elif isinstance(value, bool | int | float | torch.SymInt | torch.SymFloat | torch.SymBool):
        found[path or "0"] = torch.scalar_tensor(value, dtype=_dtype_of(value))
    else:
        for name, child in _children(value):
            _collect(child, f"{path}.{name}" if path else str(name), found)


def _dtype_of(number) -> torch.dtype:
    if isinstance(number, bool | torch.SymBool):
        return torch.bool
    return torch.float32 if isinstance(number, float | torch.SymFloat) else torch.int64


def _children(value: Any) -> list[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    if dataclasses.is_dataclass(value):
        return [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(zip(value._fields, value, strict=True))
    if isinstance(value, list | tuple):
        return list(enumerate(value))
    if type(value) in pytree.SUPPORTED_NODES:
        leaves, _ = pytree.tree_flatten(value)
        return list(enumerate(leaves))
    return [(name, child) for name, child in getattr(value, "__dict__", {}).items() if not name.startswith("_")]
