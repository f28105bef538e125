"""Encoders of Hugging Face as a method that turns texts into vectors: tokens in, pooled and normalised vectors out.

Nothing here knows a model: attention that takes no more than texts of different lengths becomes
`hearth::hearth_encoder_attention`, any other keeps transformers' own masks.
"""

import inspect
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from hearth import ops  # noqa: F401  (registers torch.ops.hearth)
from hearth.export.errors import ExportError
from hearth.export.implementation_choice import implemented_as

_ATTENTION = "hearth_encoder"
# What changes scores in a way that PyTorch's attention does not know.
_UNKNOWN = ("softcap", "s_aux", "alibi", "block_mask")
# Lengths of the texts that are being traced.
_lengths: list[Tensor] = []
# What an encoder is traced with: lengths of texts; any do.
_EXAMPLE_LENGTHS = (8, 5, 2)
_MOST_TEXTS = 1024


def _mean(states: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
    return (states * mask.unsqueeze(-1)).sum(1) / lengths.clamp(min=1).unsqueeze(-1)


def _first(states: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
    return states[:, 0]


def _last(states: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
    places = (lengths - 1).clamp(min=0).reshape(-1, 1, 1).expand(-1, 1, states.shape[-1])
    return states.gather(1, places).squeeze(1)


POOLINGS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {"mean": _mean, "cls": _first, "last": _last}
"""How a text's vector is made of its tokens' states [B, T, E], mask [B, T] and lengths [B]: their mean, the first
token's, the last token's."""


class TextEncoder(torch.nn.Module):
    """Texts to vectors.

    tokens: int64 [B, T], each row a text's tokens and then anything; lengths: int64 [B], tokens of each, 1 to T.
    Returns embeddings, float [B, E], of length 1 if `normalizes`. `layers`: what vectors go through after pooling.
    """

    def __init__(
        self, model: torch.nn.Module, pooling: str, layers: Sequence[torch.nn.Module] = (), normalizes: bool = True
    ) -> None:
        super().__init__()
        parameters = inspect.signature(model.forward).parameters
        if "input_ids" not in parameters or "attention_mask" not in parameters:
            raise ExportError(f"{type(model).__name__} is no text encoder: it does not take tokens and a mask of them")
        self.model = model
        self.layers = torch.nn.Sequential(*layers)
        self._pool = POOLINGS[pooling]
        self._normalizes = normalizes
        self._pad = getattr(model.config, "pad_token_id", None) or 0
        self._options = {"use_cache": False} if "use_cache" in parameters else {}

    def forward(self, tokens: Tensor, lengths: Tensor) -> dict[str, Tensor]:
        mask = torch.arange(tokens.shape[1]) < lengths.unsqueeze(1)
        # The model may tell padding by its number, too.
        tokens = torch.where(mask, tokens, self._pad)
        lengths = mask.sum(1)
        register_attention()
        # Outside of an export transformers' own attention answers, so that the two are compared.
        name = _ATTENTION if torch.compiler.is_exporting() else "eager"
        _lengths.append(lengths)
        try:
            with implemented_as(self.model, attention=name):
                states = self.model(input_ids=tokens, attention_mask=mask.long(), **self._options).last_hidden_state
        finally:
            _lengths.pop()
        vectors = self.layers(self._pool(states.float(), mask, lengths))
        return {"embeddings": torch.nn.functional.normalize(vectors, dim=-1) if self._normalizes else vectors}


def example_texts(vocabulary: int) -> tuple[Tensor, Tensor]:
    """Arguments of a TextEncoder."""
    generator = torch.Generator().manual_seed(0)
    shape = (len(_EXAMPLE_LENGTHS), max(_EXAMPLE_LENGTHS))
    return torch.randint(0, vocabulary, shape, generator=generator), torch.tensor(_EXAMPLE_LENGTHS)


def text_sizes(most_tokens: int) -> dict[str, dict]:
    """dynamic_shapes of a TextEncoder."""
    texts = torch.export.Dim("texts", min=1, max=_MOST_TEXTS)
    return {"tokens": {0: texts, 1: torch.export.Dim("tokens", min=1, max=most_tokens)}, "lengths": {0: texts}}


def most_tokens(model: torch.nn.Module) -> int | None:
    """Tokens of a text for which the model has positions; None where any number may be."""
    tables = [
        part
        for name, part in model.named_modules()
        if isinstance(part, torch.nn.Embedding) and name.endswith("position_embeddings")
    ]
    if tables:
        # RoBERTa's positions begin after the number that stands for padding.
        return min(t.num_embeddings - (0 if t.padding_idx is None else t.padding_idx + 1) for t in tables)
    return getattr(model.config, "max_position_embeddings", None)


def register_attention() -> None:
    """Makes `hearth::hearth_encoder_attention` known to transformers, with masks for layers that need more."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import eager_mask

    AttentionInterface.register(_ATTENTION, _attend)
    # Numbers to add serve a layer that computes its attention itself as well as PyTorch's.
    AttentionMaskInterface.register(_ATTENTION, eager_mask)


def _attend(module, query, key, value, attention_mask=None, scaling=None, sliding_window=None, **options):
    """transformers' attention function: query [B, H, T, E], key and value [B, G, T, E] -> [B, T, H, E]."""
    unknown = [name for name in _UNKNOWN if options.get(name)]
    if unknown:
        raise ExportError(f"{type(module).__name__}: its attention takes {unknown[0]}, which no text encoder may here")
    is_causal = options.get("is_causal", getattr(module, "is_causal", None))
    if is_causal is None or sliding_window is not None or options.get("position_bias") is not None:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        options = {name: options.get(name) for name in ("is_causal", "position_bias")}
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **options)
    answer = torch.ops.hearth.hearth_encoder_attention(
        query.transpose(1, 2),
        key.transpose(1, 2),
        value.transpose(1, 2),
        _lengths[-1],
        float(query.shape[-1] ** -0.5 if scaling is None else scaling),
        bool(is_causal),
    )
    return answer, None
