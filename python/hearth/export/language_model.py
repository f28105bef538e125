"""Decoders of Hugging Face as a method that goes on with a sequence: the runtime keeps attention's keys and values.

Nothing here knows a model: transformers lets every decoder's attention be replaced (`AttentionInterface`), and builds
no mask for an attention that it does not know; so are its experts (experts.py).
"""

import contextlib
import inspect
from collections.abc import Iterator

import torch
from torch import Tensor

from hearth import ops  # noqa: F401  (registers torch.ops.hearth)
from hearth.export.errors import ExportError
from hearth.export.experts import EXPERTS, register_experts
from hearth.export.implementation_choice import implemented_as

_ATTENTION = "hearth"
# What other attentions take that this one does not know.
_UNKNOWN = ("position_bias", "alibi", "block_mask", "bias")
_layers_seen: set[int] = set()
# Tokens that a decoder is traced with; any number does.
_EXAMPLE_TOKENS = 8


class Decoder(torch.nn.Module):
    """A step of a causal language model.

    tokens: int64 [T], positions: int64 [T], theirs in the sequence, rows: int64 [R], for which of them logits are
    wanted. Returns logits [R, vocabulary].
    """

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model
        self._layer_count = model.config.get_text_config().num_hidden_layers
        self._cuts_rows = "logits_to_keep" in inspect.signature(model.forward).parameters

    def forward(self, tokens: Tensor, positions: Tensor, rows: Tensor) -> dict[str, Tensor]:
        cut = {"logits_to_keep": rows} if self._cuts_rows else {}
        # Outside of an export transformers' own attention answers, so that the two are compared.
        exporting = torch.compiler.is_exporting()
        with _implementations(self.model, exporting) as layers:
            logits = self.model(
                input_ids=tokens.unsqueeze(0), position_ids=positions.unsqueeze(0), use_cache=False, **cut
            ).logits.squeeze(0)
        if exporting and layers != set(range(self._layer_count)):
            raise ExportError(
                f"{type(self.model).__name__}: {len(layers)} of its {self._layer_count} layers attend in the way that "
                "Hearth knows; what the others keep of a sequence would be lost between its steps"
            )
        return {"logits": logits if self._cuts_rows else logits[rows]}


def example_step(vocabulary: int) -> tuple[Tensor, Tensor, Tensor]:
    """Arguments of a Decoder: a sequence's first tokens."""
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(0, vocabulary, (_EXAMPLE_TOKENS,), generator=generator)
    return tokens, torch.arange(_EXAMPLE_TOKENS), torch.tensor([0, 5, _EXAMPLE_TOKENS - 1])


def step_sizes(most_tokens: int) -> dict[str, dict]:
    """dynamic_shapes of a Decoder."""
    tokens = torch.export.Dim("tokens", min=1, max=most_tokens)
    return {
        "tokens": {0: tokens},
        "positions": {0: tokens},
        "rows": {0: torch.export.Dim("rows", min=1, max=most_tokens)},
    }


@contextlib.contextmanager
def _implementations(model: torch.nn.Module, exporting: bool) -> Iterator[set[int]]:
    """Sets how the model's attention and experts are computed: by the runtime's operators, or eagerly. Gives the layers
    that attend in Hearth's way, as they come."""
    register_attention()
    register_experts()
    attention, experts = (_ATTENTION, EXPERTS) if exporting else ("eager", "eager")
    _layers_seen.clear()
    with implemented_as(model, attention=attention, experts=experts):
        yield _layers_seen


def register_attention() -> None:
    """Makes `hearth::hearth_attention` known to transformers."""
    from transformers import AttentionInterface

    AttentionInterface.register(_ATTENTION, _attend)


def _attend(module, query, key, value, attention_mask=None, scaling=None, sliding_window=None, softcap=None, **options):
    """transformers' attention function: query [1, H, T, E], key and value [1, G, T, E] -> [1, T, H, E]."""
    kind = type(module).__name__
    unknown = [name for name in _UNKNOWN if options.get(name) is not None]
    if attention_mask is not None or unknown or not getattr(module, "is_causal", True):
        what = ", ".join(unknown) or ("a mask of its own" if attention_mask is not None else "keys ahead of a token")
        raise ExportError(f"{kind}: its attention takes {what}, which hearth_attention does not know")
    if softcap is None:
        softcap = getattr(module, "attn_logit_softcapping", None)
    layer = getattr(module, "layer_idx", None)
    if layer is None:
        raise ExportError(f"{kind}: its attention does not say which layer it is (layer_idx)")
    if layer in _layers_seen:
        raise ExportError(f"{kind}: layer {layer} attends twice; the keys of one step would replace the other's")
    _layers_seen.add(layer)
    answer = torch.ops.hearth.hearth_attention(
        query.squeeze(0).transpose(0, 1),
        key.squeeze(0).transpose(0, 1),
        value.squeeze(0).transpose(0, 1),
        options.get("s_aux"),
        layer,
        float(query.shape[-1] ** -0.5 if scaling is None else scaling),
        int(sliding_window or 0),
        float(softcap or 0.0),
    )
    return answer.unsqueeze(0), None
