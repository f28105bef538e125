"""Fine-tunes that lie beside their base: LoRA adapters as PEFT writes them, and how they go into a model's weights.

A folder has adapter_config.json and adapter_model.safetensors, whose names are those of PEFT 0.18: the layer's in the
model, then lora_A.weight [r, inputs] and lora_B.weight [outputs, r] (lora_embedding_A, lora_embedding_B for tables).
"""

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from hearth.export.errors import ExportError

SETTINGS, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_PREFIXES = ("base_model.model.", "base_model.")
_PARTS = {
    "lora_A.weight": "A",
    "lora_B.weight": "B",
    "lora_B.bias": "bias",
    "lora_embedding_A": "A",
    "lora_embedding_B": "B",
    "lora_magnitude_vector": "magnitude",
    "lora_magnitude_vector.weight": "magnitude",
}
# Settings that make another thing of an adapter than a product added to a weight.
_UNKNOWN_SETTINGS = (
    "alora_invocation_tokens",
    "arrow_config",
    "ensure_weight_tying",
    "layer_replication",
    "target_parameters",
    "trainable_token_indices",
    "use_bdlora",
    "use_qalora",
)
# Ways to begin training that leave the base as it is; others change its weights too.
_PLAIN_BEGINNINGS = (True, False, None, "gaussian", "orthogonal", "eva")


def is_adapter(folder: Path) -> bool:
    """True for a folder with an adapter and no model."""
    return (folder / SETTINGS).is_file() and not (folder / "config.json").exists()


def base_of(folder: Path) -> Path:
    """The folder of the model that an adapter names as its base. ExportError when there is none of that name here."""
    name = _settings(folder).get("base_model_name_or_path") or ""
    for place in (Path(name), folder / name):
        if name and (place / "config.json").is_file():
            return place
    raise ExportError(
        f"{folder}: the adapter's base is {name or 'not named'}, which is no folder here; give the base model's folder "
        f"as SOURCE and this one as --adapter"
    )


def merge_adapter(model: nn.Module, folder: Path) -> None:
    """Adds what a LoRA or DoRA adapter learned to the weights of `model`, which keep their dtypes; layers that it
    trained as a whole take its weights. Sums are made in float32. A table that a layer shares is changed only where the
    adapter names it. ExportError names what does not fit the model, and kinds of adapters that are not merged."""
    settings = _settings(folder)
    _check_kind(folder, settings)
    with torch.no_grad():
        for name, parts in _parts(folder).items():
            module = _module(folder, model, name)
            if "weight" in parts or "own bias" in parts:
                _replace(folder, name, module, parts)
            if "A" in parts or "B" in parts:
                _merge(folder, name, module, parts, _scale(settings, name, parts, folder))


@dataclass(frozen=True)
class LowRank:
    """What is added to a weight: up [outputs, r] · down [r, inputs], float32."""

    down: Tensor
    up: Tensor


def read_low_rank(folder: Path) -> dict[str, LowRank]:
    """The products of a LoRA adapter by the names of their layers, scaled. ExportError for adapters that are more than
    such products, and have to be merged."""
    settings = _settings(folder)
    _check_kind(folder, settings)
    products = {}
    for name, parts in _parts(folder).items():
        if parts.keys() != {"A", "B"}:
            what = ", ".join(sorted(parts.keys() - {"A", "B"}))
            raise ExportError(f"{folder}: {name} has {what} beside or instead of A and B; it has to be merged")
        scale = _scale(settings, name, parts, folder)
        _check_product(folder, name, parts)
        products[name] = LowRank(parts["A"].float(), parts["B"].float() * scale)
    return products


def _settings(folder: Path) -> dict:
    path = folder / SETTINGS
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ExportError(f"{path} is missing; an adapter of PEFT has it") from error
    except (OSError, ValueError) as error:
        raise ExportError(f"{path} cannot be read: {error}") from error
    if not isinstance(settings, dict):
        raise ExportError(f"{path} holds no settings")
    return settings


def _check_kind(folder: Path, settings: dict) -> None:
    kind = settings.get("peft_type")
    if kind != "LORA":
        raise ExportError(f"{folder}: the adapter is {kind}; only LORA can be merged. Merge it with PEFT first")
    unknown = [name for name in _UNKNOWN_SETTINGS if settings.get(name)]
    if unknown:
        raise ExportError(f"{folder}: the adapter uses {', '.join(unknown)}; merge it with PEFT first")
    beginning = settings.get("init_lora_weights")
    if beginning not in _PLAIN_BEGINNINGS:
        raise ExportError(
            f"{folder}: the adapter began as {beginning}, which changes the base's weights too; let PEFT convert it "
            f"(save_pretrained(path_initial_model_for_weight_conversion=)) or merge it"
        )


def _parts(folder: Path) -> dict[str, dict[str, Tensor]]:
    """What the file has for each layer: A, B, bias (of B), magnitude, or a whole "weight" and "own bias"."""
    from safetensors import SafetensorError, safe_open

    path = folder / WEIGHTS
    if not path.is_file():
        raise ExportError(f"{path} is missing; save the adapter as safetensors: pickles could run code")
    layers: dict[str, dict[str, Tensor]] = defaultdict(dict)
    try:
        with safe_open(path, framework="pt") as file:
            for key in file.keys():  # noqa: SIM118  (it is no dictionary)
                layer, part = _layer_and_part(key)
                if part is None or part in layers[layer]:
                    raise ExportError(f"{path}: {key} is nothing that a LoRA adapter is known to have")
                layers[layer][part] = file.get_tensor(key)
    except (OSError, SafetensorError) as error:
        raise ExportError(f"{path} cannot be read: {error}") from error
    if not layers:
        raise ExportError(f"{path} holds no weights")
    for layer, parts in layers.items():
        if ("A" in parts) != ("B" in parts) or ({"bias", "magnitude"} & parts.keys() and "A" not in parts):
            raise ExportError(f"{path}: {layer} has {', '.join(sorted(parts))} and lacks the rest of its product")
        if any(not tensor.is_floating_point() for tensor in parts.values()):
            raise ExportError(f"{path}: {layer} has numbers that are no floating-point ones")
    return dict(layers)


def _layer_and_part(key: str) -> tuple[str, str | None]:
    for prefix in _PREFIXES:
        if key.startswith(prefix):
            key = key.removeprefix(prefix)
            break
    for ending, part in _PARTS.items():
        if key.endswith("." + ending):
            return key.removesuffix("." + ending), part
    layer, _, part = key.rpartition(".")
    if "lora_" in key:
        return layer, None
    layer = re.sub(r"\.(modules_to_save(\.default)?|base_layer|original_module)$", "", layer)
    return layer, {"weight": "weight", "bias": "own bias"}.get(part)


def _module(folder: Path, model: nn.Module, name: str) -> nn.Module:
    try:
        module = model.get_submodule(name)
    except AttributeError as error:
        raise ExportError(
            f"{folder}: the adapter changes {name}, which {type(model).__name__} does not have; it is for another base"
        ) from error
    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor) or weight.dim() > 2:
        raise ExportError(f"{folder}: the adapter changes {name}, which is no linear layer, table or norm")
    if type(weight.data) is not Tensor:
        raise ExportError(
            f"{folder}: {name} of the base is quantised ({type(weight.data).__name__}), and what the adapter learned "
            f"would be lost in rounding again; export the base that it was made from with --adapter and --quant"
        )
    return module


def _replace(folder: Path, name: str, module: nn.Module, parts: dict[str, Tensor]) -> None:
    for part, attribute in (("weight", "weight"), ("own bias", "bias")):
        if part in parts:
            old = getattr(module, attribute, None)
            _check_shape(folder, f"{name}.{attribute}", parts[part], () if old is None else old.shape)
            setattr(module, attribute, _parameter(parts[part], old.dtype))


def _scale(settings: dict, name: str, parts: dict[str, Tensor], folder: Path) -> float:
    """What the product is multiplied by: alpha over the rank, or its root, each with patterns for some layers."""
    rank = _of_pattern(settings.get("rank_pattern"), name, settings.get("r"))
    alpha = _of_pattern(settings.get("alpha_pattern"), name, settings.get("lora_alpha"))
    if not isinstance(rank, int) or rank < 1 or not isinstance(alpha, (int, float)):
        raise ExportError(f"{folder / SETTINGS}: r is {rank} and lora_alpha {alpha}; both are needed")
    if parts["A"].shape[:1] != (rank,):
        raise ExportError(f"{folder}: {name} has A of shape {_sizes(parts['A'].shape)}, and the settings say r={rank}")
    return alpha / (math.sqrt(rank) if settings.get("use_rslora") else rank)


def _of_pattern(patterns: dict | None, name: str, usual):
    """PEFT's: the first pattern that is the end of a layer's name."""
    for pattern, value in (patterns or {}).items():
        if re.match(rf"(.*\.)?({pattern})$", name):
            return value
    return usual


def _merge(folder: Path, name: str, module: nn.Module, parts: dict[str, Tensor], scale: float) -> None:
    _check_product(folder, name, parts)
    a, b = parts["A"].float(), parts["B"].float()
    # Tables, and GPT-2's layers, have their outputs along the columns.
    turned = not isinstance(module, nn.Linear)
    weight = module.weight.t() if turned else module.weight
    _check_shape(folder, f"{name} (B · A)", torch.empty(b.shape[0], a.shape[1], device="meta"), weight.shape)
    merged = torch.addmm(weight.float(), b, a, alpha=scale)
    if "magnitude" in parts:
        merged = _with_magnitude(folder, name, merged, parts["magnitude"].float().flatten(), module)
    module.weight = _parameter(merged.t() if turned else merged, module.weight.dtype)
    if "bias" in parts:
        _check_shape(folder, f"{name}.lora_B.bias", parts["bias"], weight.shape[:1])
        old = module.bias if module.bias is not None else torch.zeros(weight.shape[0], dtype=module.weight.dtype)
        module.bias = _parameter(old.float() + scale * parts["bias"].float(), old.dtype)


def _check_product(folder: Path, name: str, parts: dict[str, Tensor]) -> None:
    a, b = parts["A"], parts["B"]
    if a.dim() != 2 or b.dim() != 2 or b.shape[1] != a.shape[0]:
        raise ExportError(
            f"{folder}: {name} has A of shape {_sizes(a.shape)} and B of shape {_sizes(b.shape)}; they are no matrices "
            f"whose product exists"
        )


def _with_magnitude(folder: Path, name: str, merged: Tensor, magnitude: Tensor, module: nn.Module) -> Tensor:
    """DoRA: rows of the sum in lengths that were learned."""
    if isinstance(module, nn.Embedding):
        raise ExportError(
            f"{folder}: {name} is a table with lengths that were learned (DoRA); merge it with PEFT first"
        )
    _check_shape(folder, f"{name}.lora_magnitude_vector", magnitude, merged.shape[:1])
    return merged * (magnitude / torch.linalg.norm(merged, dim=1)).unsqueeze(1)


def _parameter(value: Tensor, dtype: torch.dtype) -> nn.Parameter:
    return nn.Parameter(value.to(dtype).contiguous(), requires_grad=False)


def _check_shape(folder: Path, what: str, found: Tensor, wanted: Iterable[int]) -> None:
    if tuple(found.shape) != tuple(wanted):
        raise ExportError(
            f"{folder}: {what} is of shape {_sizes(found.shape)} in the adapter and {_sizes(wanted)} in the model; it "
            f"is for another base"
        )


def _sizes(shape) -> str:
    return "[" + ", ".join(map(str, shape)) + "]"
