"""Steps from tokens back to text."""

from hearth.export.errors import ExportError
from hearth.export.tokenizer.normalizers import write_replacement
from hearth.export.tokenizer.table import TableWriter

(_REPLACE, _BYTE_FALLBACK, _FUSE, _STRIP, _METASPACE, _WORD_PIECE, _SUFFIX, _CTC, _BYTE_LEVEL, _JOIN) = range(1, 11)


def write_decoders(writer: TableWriter, description: dict | None) -> None:
    """Those of a tokenizer.json; without any, tokens are joined with spaces."""
    if description is None:
        writer.number(1)
        writer.byte(_JOIN)
        return
    steps = _flat(description)
    writer.number(len(steps))
    fused = ""
    for step in steps:
        kind = step["type"]
        if fused and kind not in ("Fuse", "Strip"):
            raise ExportError(f"tokenizer: the decoder {kind} after {fused} is not supported")
        if kind in ("Fuse", "ByteLevel"):
            fused = kind
        _write_step(writer, step)


def _flat(description: dict) -> list[dict]:
    if description["type"] == "Sequence":
        return [step for item in description["decoders"] for step in _flat(item)]
    return [description]


def _write_step(writer: TableWriter, step: dict) -> None:
    kind = step["type"]
    if kind == "Replace":
        writer.byte(_REPLACE)
        write_replacement(writer, step)
    elif kind == "ByteFallback":
        writer.byte(_BYTE_FALLBACK)
    elif kind == "Fuse":
        writer.byte(_FUSE)
    elif kind == "Strip":
        writer.byte(_STRIP)
        writer.text(step["content"])
        writer.number(step["start"])
        writer.number(step["stop"])
    elif kind == "Metaspace":
        writer.byte(_METASPACE)
        writer.text(step["replacement"])
        writer.flag(step["prepend_scheme"] != "never")
    elif kind == "WordPiece":
        writer.byte(_WORD_PIECE)
        writer.text(step["prefix"])
        writer.flag(step["cleanup"])
    elif kind == "BPEDecoder":
        writer.byte(_SUFFIX)
        writer.text(step["suffix"])
    elif kind == "CTC":
        writer.byte(_CTC)
        writer.text(step["pad_token"])
        writer.text(step["word_delimiter_token"])
        writer.flag(step["cleanup"])
    elif kind == "ByteLevel":
        writer.byte(_BYTE_LEVEL)
    else:
        raise ExportError(f"tokenizer: the decoder {kind} is not supported")
