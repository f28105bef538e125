"""Hugging Face folders: which model lies there, how its pictures are prepared, how it goes on with text."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import torch

from hearth.export.calibration_pictures import read_pictures
from hearth.export.errors import ExportError
from hearth.export.image_preprocess import image_preprocess
from hearth.export.lora import base_of, is_adapter, merge_adapter
from hearth.export.sentence_transformers import PoolingChoice, is_embedding_folder, read_pooling
from hearth.export.source import Source
from hearth.export.trace import Method
from hearth.export.widen import compute_in_float32


def load_folder(
    folder: Path,
    dtype: torch.dtype,
    as_stored: bool = False,
    pooling: PoolingChoice | None = None,
    adapter: Path | None = None,
) -> Source:
    """The model of a Hugging Face folder, or of an adapter's with its base, as a source with its pipeline.
    `as_stored`, `pooling`, `adapter`: see load_source(). ExportError for an architecture without a recipe, missing
    files or settings that the runtime does not know."""
    # torchao, which transformers imports, tells of its libraries for other machines.
    for name in ("torchao", "torch.utils._pytree"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if adapter is None and is_adapter(folder):
        folder, adapter = base_of(folder), folder
    embeds = pooling is not None or is_embedding_folder(folder)
    config = {} if embeds else _read_json(folder / "config.json")
    names = config.get("architectures") or ["none"]
    if not embeds and names[0].endswith(_CAUSAL):
        return _causal_language_model(folder, config, "auto" if as_stored else dtype, adapter)
    if adapter is not None:
        raise ExportError(f"{folder}: adapters go with language models, and this is {names[0]}")
    if embeds or (names[0].endswith(_ENCODER) and "vocab_size" in config):
        return _text_encoder(folder, dtype, pooling or PoolingChoice())
    recipe = _RECIPES.get(names[0])
    if recipe is None:
        raise ExportError(
            f"{folder}: no recipe for the architecture {names[0]}; there is one for {', '.join(sorted(_RECIPES))} and "
            f"for all that end in {' or '.join(_CAUSAL)}; with --pooling, for all text encoders. Write a function that "
            f"returns the model and example inputs, and export path/file.py:function"
        )
    return recipe(folder, config, dtype)


class _Logits(torch.nn.Module):
    """An image classifier that returns only its logits."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"logits": self.model(pixel_values=pixel_values).logits}


def _resnet(folder: Path, config: dict, dtype: torch.dtype) -> Source:
    model = _load(_model_class("ResNetForImageClassification"), folder, dtype)
    channels = model.config.num_channels
    settings = folder / "preprocessor_config.json"
    preprocess = image_preprocess(_read_json(settings), channels, str(settings))
    crop = preprocess.get("center_crop") or preprocess["resize"]
    height, width = crop["height"], crop["width"]
    labels = _labels(model.config)
    extra = {"labels.json": json.dumps(labels, ensure_ascii=False)}
    extra["preprocessor_config.json"] = settings.read_bytes()
    example = torch.randn(2, channels, height, width, generator=torch.Generator().manual_seed(0)).to(dtype)
    return Source(
        model=_Logits(model),
        args=(example,),
        dynamic_shapes={"pixel_values": {0: torch.export.Dim("batch", min=1, max=64)}},
        name=folder.resolve().name,
        pipeline={
            "task": "image-classification",
            "method": "forward",
            "input": "pixel_values",
            "output": "logits",
            "labels": "extra/labels.json",
            "preprocess": preprocess,
        },
        extra_files=extra,
        read_calibration=lambda pictures: read_pictures(pictures, preprocess),
    )


def _causal_language_model(folder: Path, config: dict, dtype: torch.dtype | str, adapter: Path | None) -> Source:
    from hearth.export.language_model import Decoder, decode_method
    from hearth.export.language_text import text_facts

    model = _load(_model_class(config["architectures"][0]), folder, dtype)
    if adapter is not None:
        merge_adapter(model, adapter)
    compute_in_float32(model)
    text = model.config.get_text_config()
    decoder = Decoder(model, _context_length(text))
    words = text_facts(folder)
    end = model.generation_config.eos_token_id if model.generation_config else text.eos_token_id
    return Source(
        methods={"decode": decode_method(decoder)},
        name=(adapter or folder).resolve().name,
        pipeline={
            "task": "text-generation",
            "method": "decode",
            "vocabulary_size": decoder.vocabulary,
            "context_length": decoder.context,
            "end_tokens": [] if end is None else list(end) if isinstance(end, list) else [end],
            **words.pipeline,
        },
        extra_files=words.files,
        rounds_weights_only=True,
    )


def _context_length(config) -> int:
    """Tokens of the longest sequence. Layers that attend in chunks of so many tokens get no more than one chunk."""
    named = (getattr(config, name, None) for name in _CONTEXT_NAMES)
    context = next((size for size in named if isinstance(size, int) and size > 0), _USUAL_CONTEXT)
    return min(context, getattr(config, "attention_chunk_size", None) or context)


def _text_encoder(folder: Path, dtype: torch.dtype, choice: PoolingChoice) -> Source:
    from hearth.export.language_text import text_facts
    from hearth.export.text_encoder import TextEncoder, example_texts, most_tokens, text_sizes

    facts = read_pooling(folder, choice)
    config = _read_json(facts.folder / "config.json")
    # The encoder alone of models that also have a decoder.
    is_half = config.get("is_encoder_decoder") or (config.get("architectures") or [""])[0].endswith("EncoderModel")
    kind = "AutoModelForTextEncoding" if is_half else "AutoModel"
    model = _load(_model_class(kind), facts.folder, dtype, unused=_POOLER)
    encoder = TextEncoder(model, facts.pooling, facts.layers, facts.normalizes)
    text = model.config.get_text_config()
    limits = [most for most in (facts.most_tokens, most_tokens(model)) if most is not None]
    context = min(limits, default=_USUAL_CONTEXT)
    words = text_facts(facts.folder)
    example = example_texts(text.vocab_size)
    with torch.no_grad():
        dimensions = encoder.eval()(*example)["embeddings"].shape[1]
    tokenizer = {name: words.pipeline[name] for name in ("tokenizer",) if name in words.pipeline}
    return Source(
        methods={"embed": Method(encoder, example, None, text_sizes(context))},
        name=folder.resolve().name,
        pipeline={
            "task": "text-embedding",
            "method": "embed",
            "dimensions": dimensions,
            "context_length": context,
            "prompts": facts.prompts,
            "default_prompt": facts.default_prompt,
            **tokenizer,
        },
        extra_files={path: content for path, content in words.files.items() if f"extra/{path}" in tokenizer.values()},
    )


# The last words of classes that predict the next token.
_CAUSAL = ("ForCausalLM", "LMHeadModel")
# The last word of classes without a head: their answer is a vector for each token.
_ENCODER = "Model"
# Weights of a head that nothing here asks; checkpoints often lack it.
_POOLER = "pooler."
# What configurations call the length of the longest sequence.
_CONTEXT_NAMES = ("max_position_embeddings", "max_seq_len", "max_target_positions", "seq_length")
# For models that do not say it.
_USUAL_CONTEXT = 2048

_RECIPES: dict[str, Callable[[Path, dict, torch.dtype], Source]] = {"ResNetForImageClassification": _resnet}


def _model_class(name: str) -> type:
    try:
        import transformers
    except ImportError as error:
        raise ExportError("a Hugging Face folder needs transformers: pip install 'hearth[hf]'") from error
    found = getattr(transformers, name, None)
    if found is None:
        raise ExportError(f"transformers {transformers.__version__} has no {name}; a newer one may")
    return found


def _labels(config) -> list[str]:
    names = {int(index): name for index, name in config.id2label.items()}
    return [names.get(index, f"class {index}") for index in range(config.num_labels)]


def _load(model_class, folder: Path, dtype: torch.dtype | str, unused: str | None = None) -> torch.nn.Module:
    """The model with all its weights, from safetensors only: pickles could run code. `dtype`: "auto" for what they
    are; `unused`: how names of weights begin that may be missing."""
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    try:
        model, report = model_class.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=dtype, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise ExportError(f"{folder}: the model cannot be loaded: {error}") from error
    missing = sorted(name for name in report["missing_keys"] if unused is None or not name.startswith(unused))
    if missing:
        raise ExportError(f"{folder}: model.safetensors lacks {len(missing)} weights, the first is {missing[0]}")
    return model


def _read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ExportError(f"{path} is missing; a Hugging Face folder needs it") from error
    except (OSError, ValueError) as error:
        raise ExportError(f"{path} cannot be read: {error}") from error
