"""What is exported: a model with example inputs, from a Hugging Face folder or a function of the user's."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from hearth.export.errors import ExportError
from hearth.export.trace import Method

if TYPE_CHECKING:
    from hearth.export.sentence_transformers import PoolingChoice


@dataclass
class Source:
    """Everything that save() needs to know of a model; the fields are its parameters, but for two. `read_calibration`
    makes inputs of files: a folder of pictures for a classifier. `rounds_weights_only`: in a model like this, int8
    means its weights and not what they are multiplied by."""

    model: torch.nn.Module | None = None
    args: tuple = ()
    kwargs: dict[str, Any] | None = None
    dynamic_shapes: Any = None
    methods: dict[str, Method] | None = None
    pipeline: dict | None = None
    name: str | None = None
    extra_files: dict[str, bytes | str] = field(default_factory=dict)
    calibration: Sequence[tuple] = ()
    read_calibration: Callable[[Path], list[tuple]] | None = None
    rounds_weights_only: bool = False

    def parameters(self) -> dict[str, Any]:
        """The fields that save() takes."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        del values["read_calibration"], values["rounds_weights_only"]
        return values


def load_source(
    text: str,
    dtype: torch.dtype | None = None,
    as_stored: bool = False,
    pooling: "PoolingChoice | None" = None,
    adapter: Path | None = None,
) -> Source:
    """The source that `text` names: a Hugging Face folder, "path/file.py:function" or "module:function". The function
    takes nothing and returns a Source, (model, args) or (model, args, dynamic_shapes). `dtype`: what floating-point
    weights and inputs are converted to; None leaves a function's model as it is and means float32 for a folder.
    `as_stored`: a folder's language model may keep its weights as they lie on the disk, and widen them where it
    computes. `pooling`: makes a folder's model one for vectors of texts, and says how. `adapter`: a folder with what a
    LoRA adapter adds to a folder's language model. ExportError when there is nothing of that name."""
    folder = Path(text)
    if folder.is_dir():
        from hearth.export.huggingface import load_folder

        return load_folder(folder, dtype or torch.float32, as_stored, pooling, adapter)
    if pooling is not None:
        raise ExportError(
            f"{text} is no Hugging Face folder; --pooling and --no-normalize are for such a folder's model"
        )
    if adapter is not None:
        raise ExportError(f"{text}: an adapter goes with a Hugging Face folder; there is no such folder")
    place, separator, function = text.rpartition(":")
    if not separator or not function.isidentifier():
        raise ExportError(
            f"{text}: no such folder. Give a Hugging Face folder, path/file.py:function or module:function"
        )
    return _from_function(_find_function(place, function), text, dtype)


def _find_function(place: str, name: str) -> Callable:
    module = _load_file(Path(place)) if place.endswith(".py") else _load_module(place)
    function = getattr(module, name, None)
    if not callable(function):
        raise ExportError(f"{place} has no function {name}")
    return function


def _load_file(path: Path):
    if not path.is_file():
        raise ExportError(f"{path}: no such file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    # Neighbours of the file can be imported, as when it is run.
    sys.path.insert(0, str(path.resolve().parent))
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _load_module(name: str):
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ExportError(f"no module {error.name!r}; for a file write path/file.py:function") from error


def _from_function(function: Callable, text: str, dtype: torch.dtype | None) -> Source:
    result = function()
    if isinstance(result, tuple) and len(result) in (2, 3) and isinstance(result[0], torch.nn.Module):
        model, args, *rest = result
        args = args if isinstance(args, tuple) else (args,)
        result = Source(model=model, args=args, dynamic_shapes=rest[0] if rest else None)
    if not isinstance(result, Source):
        raise ExportError(
            f"{text} returned {type(result).__name__}; return hearth.export.Source(...), (model, args) or "
            f"(model, args, dynamic_shapes)"
        )
    if dtype is not None:
        _convert(result, dtype)
    return result


def _convert(source: Source, dtype: torch.dtype) -> None:
    """Converts models and floating-point example inputs in place."""

    def convert(leaf):
        return leaf.to(dtype) if isinstance(leaf, torch.Tensor) and leaf.is_floating_point() else leaf

    if source.model is not None:
        source.model.to(dtype)
    for entry in (source, *(source.methods or {}).values()):
        entry.args, entry.kwargs = torch.utils._pytree.tree_map(convert, (entry.args, entry.kwargs))
        module = getattr(entry, "module", None)
        if module is not None:
            (module if isinstance(module, torch.nn.Module) else module.__self__).to(dtype)
