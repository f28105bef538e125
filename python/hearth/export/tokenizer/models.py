"""The model: words to tokens."""

import numpy as np

from hearth.export.errors import ExportError
from hearth.export.tokenizer.table import TableWriter

_BYTE_PAIR, _UNIGRAM, _WORD_PIECE, _WORD_LEVEL = range(1, 5)
_EMPTY = 0xFFFFFFFF


def model_vocabulary(model: dict) -> dict[str, int]:
    """The model's own tokens; of equal texts the last counts."""
    if model["type"] == "Unigram":
        return {text: token for token, (text, _) in enumerate(model["vocab"])}
    return model["vocab"]


def write_model(writer: TableWriter, model: dict, tokens: int, special: set[int]) -> None:
    """`tokens`: how many the table has. `special`: those that no merge may make."""
    kind, vocabulary = model["type"], model_vocabulary(model)
    unknown = model["unk_id"] if kind == "Unigram" else vocabulary.get(model["unk_token"])
    if kind == "BPE":
        if model["dropout"]:
            raise ExportError("tokenizer: BPE with dropout gives other tokens each time: set dropout to null")
        if model["unk_token"] is not None and unknown is None:
            raise ExportError(f"tokenizer: the unknown token {model['unk_token']!r} is not in the vocabulary")
        writer.byte(_BYTE_PAIR)
        writer.optional_token(unknown)
        writer.flag(model["fuse_unk"])
        writer.flag(model["byte_fallback"])
        writer.text(model["continuing_subword_prefix"] or "")
        writer.text(model["end_of_word_suffix"] or "")
        _write_merges(writer, model, special)
    elif kind == "Unigram":
        writer.byte(_UNIGRAM)
        writer.optional_token(unknown)
        writer.flag(model["byte_fallback"])
        scores = np.full(tokens, np.inf)
        scores[: len(model["vocab"])] = [score for _, score in model["vocab"]]
        writer.array(scores, "f8")
    elif kind == "WordPiece":
        writer.byte(_WORD_PIECE)
        writer.optional_token(unknown)
        writer.number(model["max_input_chars_per_word"])
        writer.text(model["continuing_subword_prefix"])
    elif kind == "WordLevel":
        writer.byte(_WORD_LEVEL)
        writer.optional_token(unknown)
    else:
        raise ExportError(f"tokenizer: the model {kind} is not supported")


def _write_merges(writer: TableWriter, model: dict, special: set[int]) -> None:
    vocabulary, skipped = model["vocab"], len(model["continuing_subword_prefix"] or "")
    merges = {}
    for rank, (left, right) in enumerate(model["merges"]):
        token = vocabulary[left + right[skipped:]]
        if token not in special:
            merges[vocabulary[left], vocabulary[right]] = (rank, token)
    slots, longest = _hashed(merges)
    writer.number(longest)
    writer.array(slots, "u4")


def _hashed(merges: dict[tuple[int, int], tuple[int, int]]) -> tuple[np.ndarray, int]:
    """Rows of left, right, rank and merged token at the places where the runtime looks for them, and how many places it
    looks at, at most."""
    bits = max(1, (len(merges) * 3 // 2).bit_length())
    slots = np.full((1 << bits, 4), _EMPTY, np.uint32)
    if not merges:
        return slots, 1
    rows = np.array([(*pair, *merge) for pair, merge in merges.items()], dtype=np.uint64)
    key = rows[:, 0] << np.uint64(32) | rows[:, 1]
    key *= np.uint64(0x9E3779B97F4A7C15)
    key ^= key >> np.uint64(32)
    key *= np.uint64(0xD6E8FEB86659FD93)
    homes = (key >> np.uint64(64 - bits)).tolist()
    taken = [-1] * (1 << bits)
    longest = 1
    for row, home in enumerate(homes):
        place = home
        while taken[place] >= 0:
            place = place + 1 & (1 << bits) - 1
        taken[place] = row
        longest = max(longest, (place - home & (1 << bits) - 1) + 1)
    places = np.array(taken)
    slots[places >= 0] = rows[places[places >= 0]].astype(np.uint32)
    return slots, longest
