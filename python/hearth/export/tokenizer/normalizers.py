"""Steps that change a text before it is split."""

import json

from tokenizers import normalizers

from hearth.export.errors import ExportError
from hearth.export.tokenizer import characters
from hearth.export.tokenizer.charsmap import read_charsmap
from hearth.export.tokenizer.regex import escape, translate
from hearth.export.tokenizer.table import TableWriter

_MAP, _REGEX, _PREFIX, _STRIP, _FORM, _PRECOMPILED, _BYTE_LEVEL, _SURROUND = range(1, 9)
_FORMS = {"NFC": 0, "NFD": 1, "NFKC": 2, "NFKD": 3}
# Those that look at one character at a time.
_MAPS = {"Lowercase", "StripAccents", "Nmt"}


def normalizer_steps(description: dict | None) -> list[dict]:
    """The steps of a normalizer as tokenizer.json describes it, sequences resolved."""
    if description is None:
        return []
    if description["type"] == "Sequence":
        return [step for item in description["normalizers"] for step in normalizer_steps(item)]
    if description["type"] == "BertNormalizer":
        return _bert_steps(description)
    return [description]


def _bert_steps(description: dict) -> list[dict]:
    off = {"type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": False, "strip_accents": False}
    off["lowercase"] = False
    lowercase, accents = description["lowercase"], description["strip_accents"]
    steps = []
    if description["clean_text"]:
        steps.append(off | {"clean_text": True})
    if description["handle_chinese_chars"]:
        steps.append(off | {"handle_chinese_chars": True})
    if lowercase or accents:
        steps.append(off | {"lowercase": lowercase, "strip_accents": lowercase if accents is None else accents})
    return steps


def write_normalizers(writer: TableWriter, description: dict | None) -> None:
    steps = normalizer_steps(description)
    writer.number(len(steps))
    for step in steps:
        _write_step(writer, step)


def _write_step(writer: TableWriter, step: dict) -> None:
    kind = step["type"]
    if kind == "BertNormalizer" and step["handle_chinese_chars"]:
        write_surrounding(writer, characters.ranges_of(sorted(_map(step))), " ", " ")
    elif kind in _MAPS or kind == "BertNormalizer":
        write_map(writer, _map(step))
    elif kind == "Replace":
        write_replacement(writer, step)
    elif kind == "Prepend":
        writer.byte(_PREFIX)
        writer.text(step["prepend"])
    elif kind == "Strip":
        writer.byte(_STRIP)
        writer.flag(step["strip_left"])
        writer.flag(step["strip_right"])
    elif kind in _FORMS:
        writer.byte(_FORM)
        writer.byte(_FORMS[kind])
        writer.character_set(characters.normalizing_characters())
    elif kind == "Precompiled":
        _write_precompiled(writer, step)
    elif kind == "ByteLevel":
        write_byte_level(writer)
    else:
        raise ExportError(f"tokenizer: the normalizer {kind} is not supported")


def _map(step: dict) -> dict[int, str]:
    """What a step that looks at one character at a time makes of each."""
    key = json.dumps(step, sort_keys=True)
    if key not in _maps:
        _maps[key] = characters.normalizer_map(
            getattr(normalizers, step["type"])(**{k: v for k, v in step.items() if k != "type"})
        )
    return _maps[key]


_maps: dict[str, dict[int, str]] = {}


def write_map(writer: TableWriter, mapping: dict[int, str]) -> None:
    writer.byte(_MAP)
    writer.character_map(mapping)


def write_surrounding(writer: TableWriter, ranges, before: str, after: str) -> None:
    writer.byte(_SURROUND)
    writer.character_set(ranges)
    writer.text(before)
    writer.text(after)


def write_byte_level(writer: TableWriter) -> None:
    writer.byte(_BYTE_LEVEL)


def write_replacement(writer: TableWriter, step: dict) -> None:
    """A Replace, of a normalizer or a decoder."""
    pattern, content = step["pattern"], step["content"]
    if "String" in pattern and len(pattern["String"]) == 1:
        write_map(writer, {ord(pattern["String"]): content})
        return
    if not next(iter(pattern.values())):
        raise ExportError("tokenizer: a Replace of an empty text is not supported")
    writer.byte(_REGEX)
    writer.text(escape(pattern["String"]) if "String" in pattern else translate(pattern["Regex"]))
    writer.text(content)


def _write_precompiled(writer: TableWriter, step: dict) -> None:
    rules = read_charsmap(step["precompiled_charsmap"])
    texts = sorted(set(rules.values()))
    numbers = {text: number for number, text in enumerate(texts)}
    writer.byte(_PRECOMPILED)
    writer.texts(texts)
    writer.trie({key: numbers[text] for key, text in rules.items()})
