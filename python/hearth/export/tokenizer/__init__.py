"""Tokenizers for the runtime: from Hugging Face's, Mistral's and tiktoken's files to one table of bytes."""

from hearth.export.tokenizer.compiler import compile_json
from hearth.export.tokenizer.ranks import compile_tekken, compile_tiktoken
from hearth.export.tokenizer.source import compile_tokenizer, load_tokenizer

__all__ = ["compile_json", "compile_tekken", "compile_tiktoken", "compile_tokenizer", "load_tokenizer"]
