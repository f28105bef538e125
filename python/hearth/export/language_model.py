"""Decoders of Hugging Face as a method that goes on with a sequence: the runtime keeps attention's keys and values.

Nothing here knows a model: transformers lets every decoder's attention be replaced (`AttentionInterface`) and tells
what its masks hide (`AttentionMaskInterface`); so are its experts (experts.py). Attention that does not go that way is
found in the graph (own_attention.py), and so are positions that a model counts by itself (own_positions.py). That
nothing else is kept from one step to the next is tried: a sequence in parts must get the answers of the whole.
"""

import contextlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.export import ExportedProgram

from hearth import ops  # noqa: F401  (registers torch.ops.hearth)
from hearth.export.attention_masks import LookBack, look_back
from hearth.export.errors import ExportError
from hearth.export.experts import EXPERTS, register_experts
from hearth.export.implementation_choice import implemented_as
from hearth.export.own_attention import take_own_attention
from hearth.export.own_positions import take_own_positions
from hearth.export.rounded_weights import RoundedWeights
from hearth.export.sequence_parts import KeptKeys, program_in_parts, rounding_tolerance, same_answer, same_in_parts
from hearth.export.trace import Method

_ATTENTION = "hearth"
# What other attentions take that this one does not know.
_UNKNOWN = ("position_bias", "alibi", "block_mask", "bias")
# Tokens that a decoder is traced with; any number does.
_EXAMPLE_TOKENS = 8


@dataclass
class _Interface:
    """The model's attention as it comes through transformers' AttentionInterface.

    context: tokens of the longest sequence; windows: of each layer that attends so, found when the masks were there;
    layers: those that attended in the current call; kept: where keys are kept between calls, outside of an export.
    """

    context: int
    windows: dict[int, int] = field(default_factory=dict)
    layers: set[int] = field(default_factory=set)
    kept: KeptKeys | None = None


_current: _Interface | None = None


class Decoder(torch.nn.Module):
    """A step of a causal language model with sequences of at most `context` tokens.

    tokens: int64 [T], positions: int64 [T], theirs in the sequence, rows: int64 [R], for which of them logits are
    wanted. Returns logits [R, vocabulary].
    """

    def __init__(self, model: torch.nn.Module, context: int) -> None:
        super().__init__()
        self.model = model.eval()
        self.context = context
        self._cuts_rows = "logits_to_keep" in inspect.signature(model.forward).parameters
        self.vocabulary = model.config.get_text_config().vocab_size
        self._step = example_step(self.vocabulary)
        self._tolerance = rounding_tolerance(model)
        # What the model calls the first position; None: it is not told, and counts by itself.
        self._first_position: int | None = None
        self._interface: _Interface | None = None
        # Why the interface does not do, or not alone.
        self._fault: str | None = None
        with torch.no_grad(), RoundedWeights().as_plain_tensors(model):
            self._expected = self._run(*self._step)[-1]
            self._fault = self._try_interface()

    def forward(self, tokens: Tensor, positions: Tensor, rows: Tensor) -> dict[str, Tensor]:
        # Outside of an export transformers' own attention answers, so that the two are compared.
        interface = self._interface if torch.compiler.is_exporting() else None
        return {"logits": self._run(tokens, positions, rows, interface)}

    def finish(self, program: ExportedProgram) -> ExportedProgram:
        """The exported program with everything that lasts from step to step in the runtime's hands. ExportError when
        something remains."""
        if self._fault is None:
            return program
        if self._interface is None:
            program = take_own_attention(program, self.context)
        program = take_own_positions(program)
        try:
            same = same_in_parts(program_in_parts(program), self._step, self._expected, self._tolerance)
        except (RuntimeError, IndexError):
            # What is left of the model's own attention wants tokens of earlier steps.
            same = False
        if not same:
            raise ExportError(f"{type(self.model).__name__}: {self._fault}")
        return program

    def _run(self, tokens: Tensor, positions: Tensor, rows: Tensor, interface: _Interface | None = None) -> Tensor:
        options = {"logits_to_keep": rows} if self._cuts_rows else {}
        if self._first_position is not None:
            options["position_ids"] = positions.unsqueeze(0) + self._first_position
        with _implementations(self.model, interface):
            logits = self.model(input_ids=tokens.unsqueeze(0), use_cache=False, **options).logits.squeeze(0)
        return logits if self._cuts_rows else logits[rows]

    def _try_interface(self) -> str | None:
        """Lets the model attend through the interface to a sequence in parts, with its masks, whose windows are noted.
        Returns why this does not answer as the model does."""
        pad = getattr(self.model.config.get_text_config(), "pad_token_id", None)
        firsts = (0, pad + 1) if isinstance(pad, int) and pad >= 0 else (0,)
        for self._first_position in firsts:
            context = self.context - self._first_position
            self._interface = _Interface(context, kept=KeptKeys())
            try:
                same = same_in_parts(
                    lambda *part: self._run(*part, self._interface), self._step, self._expected, self._tolerance
                )
                fault = f"{len(self._interface.windows)} layers attend in the way that Hearth knows; {_LOST}"
            except Exception as error:
                own = "it computes with its masks in a way that hearth_attention does not know"
                why = error if isinstance(error, ExportError) else own
                same, fault = False, f"its attention cannot be replaced: {why}"
                self._interface.windows.clear()
            self._interface.kept = None
            if same:
                self.context = context
                return None
        _refuse_other_state(self.model)
        if not self._interface.windows:
            self._interface = None
        self._find_first_position(firsts)
        return fault

    def _find_first_position(self, firsts: tuple[int, ...]) -> None:
        """For a model that does not attend through the interface."""
        for self._first_position in firsts:
            try:
                answer = self._run(*self._step)[-1]
            except Exception:
                continue
            if same_answer(answer, self._expected, self._tolerance):
                self.context -= self._first_position
                return
        self._first_position = None


def _refuse_other_state(model: torch.nn.Module) -> None:
    """ExportError for a model of which transformers says that it keeps more than keys and values."""
    kinds = sorted(set(getattr(model.config.get_text_config(), "layer_types", None) or ()) - _KEYS_AND_VALUES)
    if kinds or getattr(model, "_is_stateful", False):
        what = f"layers of kind {', '.join(kinds)}" if kinds else "layers with a state"
        raise ExportError(
            f"{type(model).__name__} has {what}: what they keep of a sequence is not keys and values, and would be "
            "lost between its steps. Such models are not served"
        )


_LOST = "what else it keeps of a sequence would be lost between its steps"
# transformers' names of layers that keep nothing else.
_KEYS_AND_VALUES = {"full_attention", "sliding_attention", "chunked_attention", "attention"}


def example_step(vocabulary: int) -> tuple[Tensor, Tensor, Tensor]:
    """Arguments of a Decoder: a sequence's first tokens."""
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(0, vocabulary, (_EXAMPLE_TOKENS,), generator=generator)
    return tokens, torch.arange(_EXAMPLE_TOKENS), torch.tensor([0, 5, _EXAMPLE_TOKENS - 1])


def decode_method(decoder: Decoder) -> Method:
    """The method as it is exported. No step fills the context, so that a token can follow: models that cut tables as
    long as the context to a step's tokens do so otherwise when all are wanted."""
    most = max(decoder.context - 1, 2)
    tokens, rows = torch.export.Dim("tokens", min=1, max=most), torch.export.Dim("rows", min=1, max=most)
    sizes = {"tokens": {0: tokens}, "positions": {0: tokens}, "rows": {0: rows}}
    return Method(decoder, example_step(decoder.vocabulary), None, sizes, finish=decoder.finish)


@contextlib.contextmanager
def _implementations(model: torch.nn.Module, interface: _Interface | None) -> Iterator[None]:
    """Sets how the model's attention and experts are computed: by the runtime's operators, or eagerly."""
    global _current
    register_attention()
    register_experts()
    exporting = torch.compiler.is_exporting()
    names = {"attention": _ATTENTION if interface else "eager", "experts": EXPERTS if exporting else "eager"}
    if interface is not None:
        interface.layers.clear()
    _current = interface
    try:
        with implemented_as(model, **names):
            yield
    finally:
        _current = None


def register_attention() -> None:
    """Makes `hearth::hearth_attention` known to transformers."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(_ATTENTION, _attend)
    AttentionMaskInterface.register(_ATTENTION, _mask)


def _mask(*_sizes, mask_function: Callable, **_options) -> LookBack | None:
    """transformers' function that makes a mask."""
    return None if torch.compiler.is_exporting() else look_back(mask_function, _current.context)


def _attend(module, query, key, value, attention_mask=None, scaling=None, sliding_window=None, softcap=None, **options):
    """transformers' attention function: query [1, H, T, E], key [1, G, T, E], value [1, G, T, V] -> [1, T, H, V]."""
    kind = type(module).__name__
    unknown = [name for name in _UNKNOWN if options.get(name) is not None]
    has_mask = not isinstance(attention_mask, LookBack | None)
    if has_mask or unknown or not getattr(module, "is_causal", True):
        what = ", ".join(unknown) or ("a mask of its own" if has_mask else "keys ahead of a token")
        raise ExportError(f"{kind}: its attention takes {what}, which hearth_attention does not know")
    if softcap is None:
        softcap = getattr(module, "attn_logit_softcapping", None)
    layer = getattr(module, "layer_idx", None)
    if layer is None:
        raise ExportError(f"{kind}: its attention does not say which layer it is (layer_idx)")
    if layer in _current.layers:
        raise ExportError(f"{kind}: layer {layer} attends twice; the keys of one step would replace the other's")
    _current.layers.add(layer)
    if not torch.compiler.is_exporting():
        _current.windows[layer] = attention_mask.window if attention_mask else int(sliding_window or 0)
    depth = max(query.shape[-1], value.shape[-1])
    attend = _current.kept.attend if _current.kept else torch.ops.hearth.hearth_attention
    answer = attend(
        _rows(query, depth),
        _rows(key, depth),
        _rows(value, depth),
        options.get("s_aux"),
        layer,
        float(query.shape[-1] ** -0.5 if scaling is None else scaling),
        _current.windows[layer],
        float(softcap or 0.0),
    )
    return answer[..., : value.shape[-1]].unsqueeze(0), None


def _rows(heads: Tensor, depth: int) -> Tensor:
    """[1, H, T, E] -> [T, H, depth]: the operator takes keys and values of one depth, and zeros change no product."""
    rows = heads.squeeze(0).transpose(0, 1)
    return torch.nn.functional.pad(rows, (0, depth - rows.shape[-1])) if rows.shape[-1] < depth else rows
