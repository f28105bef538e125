"""The tokens around a sequence."""

from hearth.export.errors import ExportError
from hearth.export.tokenizer.table import TableWriter


def write_post_processors(writer: TableWriter, description: dict | None) -> None:
    """Those that one sequence gets; pairs of sequences are the caller's to join."""
    before, after = _around(description)
    writer.array(before, "u4")
    writer.array(after, "u4")


def _around(description: dict | None) -> tuple[list[int], list[int]]:
    kind = description["type"] if description else "ByteLevel"
    if kind == "ByteLevel":
        return [], []
    if kind in ("BertProcessing", "RobertaProcessing"):
        return [description["cls"][1]], [description["sep"][1]]
    if kind == "TemplateProcessing":
        return _template(description)
    if kind == "Sequence":
        before, after = [], []
        for processor in description["processors"]:
            outer = _around(processor)
            before, after = outer[0] + before, after + outer[1]
        return before, after
    raise ExportError(f"tokenizer: the post-processor {kind} is not supported")


def _template(description: dict) -> tuple[list[int], list[int]]:
    parts: list[list[int]] = [[]]
    for piece in description["single"]:
        if "Sequence" in piece:
            parts.append([])
        else:
            parts[-1] += description["special_tokens"][piece["SpecialToken"]["id"]]["ids"]
    if len(parts) != 2:
        raise ExportError("tokenizer: a template that has its sequence not just once is not supported")
    return parts[0], parts[1]
