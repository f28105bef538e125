"""What a folder in the form of sentence-transformers says of vectors: which states are pooled, how, what follows."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from hearth.export.errors import ExportError
from hearth.export.text_encoder import POOLINGS

MODULES = "modules.json"
"""The file that such a folder has."""

_PROMPTS = "config_sentence_transformers.json"
_LENGTHS = "sentence_bert_config.json"
# 1_Pooling/config.json: what is true there, and what it is called here.
_POOLING_MODES = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_lasttoken": "last",
}
_ACTIVATIONS = {"Identity": torch.nn.Identity, "Tanh": torch.nn.Tanh, "ReLU": torch.nn.ReLU, "GELU": torch.nn.GELU}


@dataclass
class Pooling:
    """How a text's vector is made. `folder`: of the encoder itself; `pooling`: one of POOLINGS; `layers`: what follows;
    `most_tokens`: of a text, where the folder limits them; `prompts`: what is put before a text, by name;
    `default_prompt`: the name of the one for texts without another."""

    folder: Path
    pooling: str | None = None
    layers: list[torch.nn.Module] = field(default_factory=list)
    normalizes: bool = True
    most_tokens: int | None = None
    prompts: dict[str, str] = field(default_factory=dict)
    default_prompt: str = ""


@dataclass
class PoolingChoice:
    """What the user says of it: `pooling` instead of what the folder does, and `normalizes` False for vectors as they
    come."""

    pooling: str | None = None
    normalizes: bool = True


def is_embedding_folder(folder: Path) -> bool:
    """Whether the folder's model is one for vectors of texts."""
    return (folder / MODULES).is_file()


def read_pooling(folder: Path, choice: PoolingChoice) -> Pooling:
    """What the folder and `choice` say. Vectors are normalised unless the folder's modules leave that out or `choice`
    forbids it. ExportError for modules that the runtime does not know, and when nobody says how to pool."""
    facts = Pooling(folder, choice.pooling)
    if is_embedding_folder(folder):
        _read_modules(folder, facts)
    facts.normalizes = facts.normalizes and choice.normalizes
    if facts.pooling is None:
        raise ExportError(
            f"{folder}: the model gives a vector for each token, and no {MODULES} says how they become one for a text; "
            f"give --pooling, one of {', '.join(POOLINGS)}"
        )
    settings = _read(facts.folder / _LENGTHS, {})
    if settings.get("do_lower_case"):
        raise ExportError(f"{facts.folder / _LENGTHS}: do_lower_case is not supported; let the tokenizer do it")
    facts.most_tokens = settings.get("max_seq_length") or _tokens_of_tokenizer(facts.folder)
    described = _read(folder / _PROMPTS, {})
    facts.prompts = {str(name): str(text) for name, text in (described.get("prompts") or {}).items()}
    facts.default_prompt = described.get("default_prompt_name") or ""
    if facts.default_prompt and facts.default_prompt not in facts.prompts:
        raise ExportError(f"{folder / _PROMPTS}: there is no prompt {facts.default_prompt!r}, the default")
    return facts


def _read_modules(folder: Path, facts: Pooling) -> None:
    modules = _read(folder / MODULES)
    kinds = [str(module.get("type", "")).rsplit(".", 1)[-1] for module in modules]
    if not kinds or kinds[0] != "Transformer":
        raise ExportError(f"{folder / MODULES}: the first module is {kinds[:1]}; a Transformer is supported")
    facts.folder, facts.normalizes = folder / modules[0].get("path", ""), False
    for module, kind in zip(modules[1:], kinds[1:], strict=True):
        read = _MODULES.get(kind)
        if read is None or (facts.normalizes and kind != "Normalize"):
            known = ", ".join(_MODULES)
            raise ExportError(f"{folder / MODULES}: the module {kind} is not supported there; {known} are, in order")
        read(folder / module.get("path", ""), facts)


def _pooling(folder: Path, facts: Pooling) -> None:
    if facts.pooling is not None:
        return
    settings = _read(folder / "config.json")
    named = settings.get("pooling_mode")
    modes = [named] if isinstance(named, str) else [name for name, on in settings.items() if _is_mode(name) and on]
    known = [_POOLING_MODES.get(mode, {"lasttoken": "last"}.get(mode, mode)) for mode in modes]
    if len(known) != 1 or known[0] not in POOLINGS:
        raise ExportError(
            f"{folder / 'config.json'}: pooling is {' and '.join(modes) or 'not said'}; one of {', '.join(POOLINGS)} "
            "is supported. --pooling chooses another"
        )
    if not settings.get("include_prompt", True):
        raise ExportError(f"{folder / 'config.json'}: pooling without the prompt's tokens is not supported")
    facts.pooling = known[0]


def _is_mode(name: str) -> bool:
    return name.startswith("pooling_mode_")


def _dense(folder: Path, facts: Pooling) -> None:
    from safetensors.torch import load_file

    settings = _read(folder / "config.json")
    name = str(settings.get("activation_function", "Tanh")).rsplit(".", 1)[-1]
    if name not in _ACTIVATIONS:
        raise ExportError(
            f"{folder / 'config.json'}: the activation {name} is not supported; {', '.join(_ACTIVATIONS)} are"
        )
    layer = torch.nn.Linear(settings["in_features"], settings["out_features"], bool(settings.get("bias", True)))
    try:
        weights = load_file(folder / "model.safetensors")
        layer.load_state_dict({key.removeprefix("linear."): value.float() for key, value in weights.items()})
    except (OSError, RuntimeError) as error:
        raise ExportError(f"{folder}: the layer cannot be loaded from model.safetensors: {error}") from error
    facts.layers += [layer.requires_grad_(False), _ACTIVATIONS[name]()]


def _normalize(folder: Path, facts: Pooling) -> None:
    facts.normalizes = True


_MODULES: dict[str, Callable[[Path, Pooling], None]] = {"Pooling": _pooling, "Dense": _dense, "Normalize": _normalize}


def _tokens_of_tokenizer(folder: Path) -> int | None:
    """What the tokenizer's settings say; they write a huge number for no limit."""
    most = _read(folder / "tokenizer_config.json", {}).get("model_max_length")
    return int(most) if isinstance(most, int | float) and 0 < most < 1 << 30 else None


def _read(path: Path, default: Any = None) -> Any:
    """A JSON file; `default` for one that is not there, or ExportError where that is None."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if default is not None:
            return default
        raise ExportError(f"{path} is missing; {MODULES} names it") from error
    except (OSError, ValueError) as error:
        raise ExportError(f"{path} cannot be read: {error}") from error
