"""A tokenizer.json as the table that the runtime uses in place: docs/tokenizer-format.md."""

import json

import numpy as np
from tokenizers import Tokenizer

from hearth.export.errors import ExportError
from hearth.export.tokenizer.added import write_added_tokens
from hearth.export.tokenizer.decoders import write_decoders
from hearth.export.tokenizer.models import model_vocabulary, write_model
from hearth.export.tokenizer.normalizers import write_normalizers
from hearth.export.tokenizer.post_processors import write_post_processors
from hearth.export.tokenizer.pre_tokenizers import write_pre_tokenizers
from hearth.export.tokenizer.table import MAGIC, VERSION, TableWriter

_EXISTS, _SPECIAL, _WHOLE, _LEFT_STRIP, _RIGHT_STRIP, _SINGLE_WORD = (1 << bit for bit in range(6))
_MOST_TOKENS = 1 << 22


def compile_json(text: str) -> bytes:
    """The table of a tokenizer.json. Truncation and padding are no part of it. ExportError names what cannot be
    reproduced."""
    tokenizer = Tokenizer.from_str(text)
    # What the library writes has all fields, and today's names.
    description = json.loads(tokenizer.to_str())
    model = description["model"]
    vocabulary = model_vocabulary(model)
    added = tokenizer.get_added_tokens_decoder()
    count = max([*vocabulary.values(), *added], default=-1) + 1
    if count > _MOST_TOKENS:
        raise ExportError(f"tokenizer: token numbers up to {count - 1} are too large; the most is {_MOST_TOKENS - 1}")
    writer = TableWriter()
    writer.bytes += MAGIC
    writer.number(VERSION)
    writer.texts(tokenizer.id_to_token(number) or "" for number in range(count))
    writer.array(_flags(tokenizer, model, vocabulary, count), "u1")
    # What the model is led to by text. Never a special token: text cannot forge one.
    special = {number for number, token in added.items() if token.special}
    writer.trie({text.encode(): number for text, number in vocabulary.items() if number not in special})
    write_model(writer, model, count, special)
    write_added_tokens(writer, tokenizer)
    write_normalizers(writer, description["normalizer"])
    write_pre_tokenizers(writer, description["pre_tokenizer"])
    write_post_processors(writer, description["post_processor"])
    write_decoders(writer, description["decoder"])
    return bytes(writer.bytes)


def _flags(tokenizer: Tokenizer, model: dict, vocabulary: dict[str, int], count: int) -> np.ndarray:
    flags = np.zeros(count, np.uint8)
    numbers = np.fromiter(vocabulary.values(), np.int64)
    flags[numbers] |= _EXISTS
    if model["type"] == "BPE":
        whole = numbers if model["ignore_merges"] else _whole_tokens(tokenizer, vocabulary)
        flags[whole] |= _WHOLE
    for number, token in tokenizer.get_added_tokens_decoder().items():
        flags[number] |= (
            _EXISTS
            | _SPECIAL * token.special
            | _LEFT_STRIP * token.lstrip
            | _RIGHT_STRIP * token.rstrip
            | _SINGLE_WORD * token.single_word
        )
    return flags


def _whole_tokens(tokenizer: Tokenizer, vocabulary: dict[str, int]) -> list[int]:
    """The tokens that the model makes, alone, of their own text: the runtime need not merge those."""
    whole = []
    for text, number in vocabulary.items():
        pieces = tokenizer.model.tokenize(text) if text else []
        if len(pieces) == 1 and pieces[0].id == number:
            whole.append(number)
    return whole
