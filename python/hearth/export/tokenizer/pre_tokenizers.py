"""Steps that split a text into words."""

from hearth.export.errors import ExportError
from hearth.export.tokenizer import characters
from hearth.export.tokenizer.normalizers import write_byte_level, write_map
from hearth.export.tokenizer.regex import escape, translate
from hearth.export.tokenizer.table import TableWriter

_CHARACTERS, _REGEX, _NORMALIZER, _PREFIX = range(1, 5)
_BEHAVIORS = {"Removed": 0, "Isolated": 1, "MergedWithPrevious": 2, "MergedWithNext": 3, "Contiguous": 4}
# What ByteLevel splits with, as GPT-2 did.
_GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def write_pre_tokenizers(writer: TableWriter, description: dict | None) -> None:
    """Those of a tokenizer.json."""
    steps = _Steps()
    for step in _flat(description):
        steps.add(step)
    writer.number(steps.count)
    writer.bytes += steps.writer.bytes


def _flat(description: dict | None) -> list[dict]:
    if description is None:
        return []
    if description["type"] == "Sequence":
        return [step for item in description["pretokenizers"] for step in _flat(item)]
    return [description]


class _Steps:
    """The runtime's few steps, of which each pre-tokenizer takes one or more."""

    def __init__(self) -> None:
        self.writer = TableWriter()
        self.count = 0

    def add(self, step: dict) -> None:
        kind = step["type"]
        if kind == "ByteLevel":
            self._byte_level(step)
        elif kind == "Metaspace":
            self._metaspace(step)
        elif kind == "Split":
            self._split(step)
        elif kind == "FixedLength":
            self._regex(rf"[\x{{0}}-\x{{10ffff}}]{{1,{step['length']}}}", "Isolated")
        elif kind == "BertPreTokenizer":
            self._characters(characters.white_space(), "Removed")
            self._characters(characters.punctuation(), "Isolated")
        elif kind == "Punctuation":
            self._characters(characters.punctuation(), step["behavior"])
        elif kind == "Digits":
            self._characters(characters.digits(), "Isolated" if step["individual_digits"] else "Contiguous")
        elif kind == "WhitespaceSplit":
            self._characters(characters.white_space(), "Removed")
        elif kind == "Whitespace":
            self._characters(characters.white_space(), "Removed")
            self._characters(characters.word_characters(), "Contiguous")
        elif kind == "CharDelimiterSplit":
            self._characters([(ord(step["delimiter"]),) * 2], "Removed")
        else:
            raise ExportError(f"tokenizer: the pre-tokenizer {kind} is not supported")

    def _begin(self, kind: int) -> TableWriter:
        self.count += 1
        self.writer.byte(kind)
        return self.writer

    def _characters(self, ranges, behavior: str) -> None:
        writer = self._begin(_CHARACTERS)
        writer.character_set(ranges)
        writer.byte(_BEHAVIORS[behavior])

    def _regex(self, pattern: str, behavior: str, invert: bool = False) -> None:
        writer = self._begin(_REGEX)
        writer.text(pattern)
        writer.byte(_BEHAVIORS[behavior])
        writer.flag(invert)

    def _prefix(self, text: str, only_first: bool) -> None:
        writer = self._begin(_PREFIX)
        writer.text(text)
        writer.flag(only_first)

    def _split(self, step: dict) -> None:
        pattern = step["pattern"]
        if not next(iter(pattern.values())):
            raise ExportError("tokenizer: a Split at an empty text is not supported")
        translated = escape(pattern["String"]) if "String" in pattern else translate(pattern["Regex"])
        self._regex(translated, step["behavior"], step["invert"])

    def _byte_level(self, step: dict) -> None:
        if step["add_prefix_space"]:
            self._prefix(" ", only_first=False)
        if step["use_regex"]:
            self._regex(translate(_GPT2_PATTERN), "Isolated")
        write_byte_level(self._begin(_NORMALIZER))

    def _metaspace(self, step: dict) -> None:
        mark = step["replacement"]
        write_map(self._begin(_NORMALIZER), {ord(" "): mark})
        if step["prepend_scheme"] != "never":
            self._prefix(mark, only_first=step["prepend_scheme"] == "first")
        if step["split"]:
            self._characters([(ord(mark),) * 2], "MergedWithNext")
