"""Tokens that are found in a text before the model sees it."""

from tokenizers import AddedToken, Tokenizer

from hearth.export.errors import ExportError
from hearth.export.tokenizer import characters
from hearth.export.tokenizer.table import TableWriter


def write_added_tokens(writer: TableWriter, tokenizer: Tokenizer) -> None:
    added = tokenizer.get_added_tokens_decoder()
    writer.trie({token.content.encode(): number for number, token in added.items()})
    writer.trie(_looked_for(tokenizer, added, normalized=False))
    writer.trie(_looked_for(tokenizer, added, normalized=True))
    writer.flag(any(token.normalized and token.special for token in added.values()))
    single_words = any(token.single_word for token in added.values())
    writer.character_set(characters.word_characters() if single_words else [])


def _looked_for(tokenizer: Tokenizer, added: dict[int, AddedToken], normalized: bool) -> dict[bytes, int]:
    """What is looked for in the text as it came, or in the normalised text."""
    texts: dict[bytes, int] = {}
    for number, token in added.items():
        if token.normalized != normalized:
            continue
        text = token.content
        if normalized and tokenizer.normalizer is not None:
            text = tokenizer.normalizer.normalize_str(text)
        if not text:
            raise ExportError(f"tokenizer: nothing is left of the added token {token.content!r} when it is normalised")
        if texts.setdefault(text.encode(), number) != number:
            raise ExportError(f"tokenizer: two added tokens are looked for as {text!r}")
    return texts
