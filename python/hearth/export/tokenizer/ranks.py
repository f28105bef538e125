"""Vocabularies that are ranked bytes instead of merges: tiktoken's files and Mistral's tekken.json."""

import base64
import json
from pathlib import Path

from hearth.export.errors import ExportError
from hearth.export.tokenizer.compiler import compile_json

# What a tekken.json without a list of special tokens means.
_TEKKEN_SPECIAL = [
    *("<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]"),
    *("[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]"),
    *("[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]"),
]


def compile_tiktoken(path: Path, pattern: str, special_tokens: dict[str, int], before: tuple[int, ...] = ()) -> bytes:
    """The table of a tiktoken file, whose lines are a token's bytes in base64 and its number. The file says neither how
    text is split nor which special tokens there are. `before`: tokens that go before a text."""
    ranks = {}
    for line in path.read_text(encoding="ascii").splitlines():
        if line:
            token, rank = line.split()
            ranks[base64.b64decode(token)] = int(rank)
    return _compile(ranks, pattern, special_tokens, before)


def compile_tekken(path: Path) -> bytes:
    """The table of a tekken.json, which begins a text with its token "<s>"."""
    description = json.loads(path.read_text(encoding="utf-8"))
    config = description["config"]
    specials, size = config["default_num_special_tokens"], config["default_vocab_size"]
    named = description.get("special_tokens") or [{"rank": i, "token_str": s} for i, s in enumerate(_TEKKEN_SPECIAL)]
    texts = {rank: f"<SPECIAL_{rank}>" for rank in range(specials)} | {t["rank"]: t["token_str"] for t in named}
    vocabulary = description["vocab"][: size - specials]
    ranks = {base64.b64decode(token["token_bytes"]): token["rank"] + specials for token in vocabulary}
    numbers = {text: rank for rank, text in texts.items()}
    if "<s>" not in numbers:
        raise ExportError(f"{path}: there is no token '<s>' to begin a text with")
    return _compile(ranks, config["pattern"], numbers, (numbers["<s>"],))


def _compile(ranks: dict[bytes, int], pattern: str, special_tokens: dict[str, int], before: tuple[int, ...]) -> bytes:
    missing = [byte for byte in range(256) if bytes([byte]) not in ranks]
    if missing:
        raise ExportError(f"tokenizer: the vocabulary has no token for the byte {missing[0]}")
    return compile_json(json.dumps(tokenizer_json(ranks, pattern, special_tokens, before)))


def tokenizer_json(
    ranks: dict[bytes, int], pattern: str, special_tokens: dict[str, int], before: tuple[int, ...] = ()
) -> dict:
    """The same as a tokenizer.json. Of two merges the one that makes the lesser token goes first; in which order those
    that make the same token go does not matter, because no two of them ever overlap."""
    texts = {number: text for text, number in special_tokens.items()}
    written = {token: _characters(token) for token in ranks}
    merges = []
    for token in sorted(ranks, key=ranks.__getitem__):
        cuts = ((token[:i], token[i:]) for i in range(1, len(token)))
        merges += [(written[a], written[b]) for a, b in cuts if a in ranks and b in ranks]
    added = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    template = [{"SpecialToken": {"id": texts[token], "type_id": 0}} for token in before]
    return {
        "version": "1.0",
        "added_tokens": [{"id": number, "content": text} | added for text, number in special_tokens.items()],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
            ],
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [*template, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {
                texts[token]: {"id": texts[token], "ids": [token], "tokens": [texts[token]]} for token in before
            },
        },
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": True,
            "vocab": {written[token]: rank for token, rank in ranks.items()} | special_tokens,
            "merges": merges,
        },
    }


def _characters(token: bytes) -> str:
    """Bytes in GPT-2's alphabet."""
    return "".join(_ALPHABET[byte] for byte in token)


def _alphabet() -> list[str]:
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in printable else next(others)) for byte in range(256)]


_ALPHABET = _alphabet()
