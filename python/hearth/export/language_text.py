"""What a language model's folder says of text: its tokenizer, and how a conversation becomes text."""

from dataclasses import dataclass, field
from pathlib import Path

from hearth.export.errors import ExportError
from hearth.export.tokenizer import compile_tokenizer, load_tokenizer

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "tekken.json")
_TABLE = "tokenizer.bin"
_TEMPLATE = "chat_template.jinja"


@dataclass
class TextFacts:
    """`files`: contents by path below "extra/"; `pipeline`: keys of the manifest's "pipeline"."""

    files: dict[str, bytes | str] = field(default_factory=dict)
    pipeline: dict = field(default_factory=dict)


def text_facts(folder: Path) -> TextFacts:
    """The folder's tokenizer as a table, its chat template and special tokens; nothing for a folder without a
    tokenizer. ExportError for a tokenizer that cannot be reproduced."""
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        return TextFacts()
    only_tekken = (folder / "tekken.json").is_file() and not (folder / "tokenizer.json").is_file()
    try:
        tokenizer = load_tokenizer(folder)
        table = compile_tokenizer(folder / "tekken.json" if only_tekken else tokenizer)
    except ExportError as error:
        raise ExportError(
            f"{error}. Without its tokenizer's files the folder makes a model of token numbers alone"
        ) from error
    facts = TextFacts({_TABLE: table}, {"tokenizer": f"extra/{_TABLE}"})
    template, special = _conversation(tokenizer)
    if template is not None:
        facts.files[_TEMPLATE] = template
        facts.pipeline |= {"chat_template": f"extra/{_TEMPLATE}", "special_tokens": special}
    return facts


def _conversation(tokenizer) -> tuple[str | None, dict[str, str]]:
    """The chat template of a tokenizer of transformers, and the special tokens that it may name."""
    template = getattr(tokenizer, "chat_template", None)
    if isinstance(template, dict):
        template = template.get("default") or next(iter(template.values()), None)
    special = {name: str(token) for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)}
    return template, special
