"""Where a tokenizer comes from."""

from pathlib import Path

from hearth.export.errors import ExportError
from hearth.export.tokenizer.compiler import compile_json
from hearth.export.tokenizer.ranks import compile_tekken


def compile_tokenizer(source) -> bytes:
    """The table of a tokenizer: `source` is one of transformers (a fast one) or of tokenizers, a tokenizer.json or
    tekken.json, or a folder of a model. ExportError says what is missing or cannot be reproduced."""
    if isinstance(source, str | Path):
        return _compile_path(Path(source))
    if hasattr(source, "to_str"):
        return compile_json(source.to_str())
    backend = getattr(source, "backend_tokenizer", None)
    if not hasattr(backend, "to_str"):
        raise ExportError(f"tokenizer: a {type(source).__name__} has no description; take a fast tokenizer")
    return compile_json(backend.to_str())


def _compile_path(path: Path) -> bytes:
    if path.is_dir():
        for name in ("tokenizer.json", "tekken.json"):
            if (path / name).is_file():
                return compile_tokenizer(load_tokenizer(path) if name == "tokenizer.json" else path / name)
        return compile_tokenizer(load_tokenizer(path))
    if not path.is_file():
        raise ExportError(f"tokenizer: there is no {path}")
    if path.name == "tekken.json":
        return compile_tekken(path)
    return compile_json(path.read_text(encoding="utf-8"))


def load_tokenizer(folder: Path):
    """The folder's tokenizer as transformers makes it: it corrects what some tokenizer.json leave out. ExportError when
    it makes none."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, use_fast=True, local_files_only=True)
    except (OSError, ValueError, ImportError) as error:
        raise ExportError(f"{folder}: no tokenizer could be made of its files: {error}") from error
