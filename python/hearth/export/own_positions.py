"""Positions that a decoder counts by itself, from 0 for each call: they become those of the sequence."""

import torch
from torch.export import ExportedProgram
from torch.fx import Node

from hearth.export.adapt.editor import ProgramEditor, arguments, shape_of
from hearth.export.static_nodes import StaticNodes

_aten = torch.ops.aten
_TOKENS_TRIED = 7


def take_own_positions(program: ExportedProgram) -> ExportedProgram:
    """Replaces whatever a Decoder's graph makes of the number of tokens alone and counts them: numbers from any first
    one on, and the first rows of a table. For a whole sequence they are the same."""
    _drop_checks(program)
    static, editor = StaticNodes(program), ProgramEditor(program, {})
    values = static.values(_TOKENS_TRIED)
    given = {static.positions}
    for node in list(editor.graph.nodes):
        if not given.isdisjoint(node.all_input_nodes):
            given.add(node)
        elif node.op == "call_function" and static.is_static(node):
            counted = _counted(editor, node, static, values) or _first_rows(editor, node, static)
            if counted is not None:
                given.add(counted)
    return editor.finish()


def _drop_checks(program: ExportedProgram) -> None:
    """Takes out what only checks dtypes, with the masks that nothing else uses any more."""
    for node in program.graph.find_nodes(op="call_function", target=_aten._assert_tensor_metadata.default):
        program.graph.erase_node(node)
    program.graph.eliminate_dead_code()
    program.graph_module.recompile()


def _counted(editor: ProgramEditor, node: Node, static: StaticNodes, values) -> Node | None:
    """What takes the place of a node that counts tokens."""
    if not static.is_row(node) or node.meta["val"].dtype == torch.bool:
        return None
    numbers = values(node).flatten()
    if not torch.equal(numbers - numbers[0], torch.arange(_TOKENS_TRIED, dtype=numbers.dtype)):
        return None
    positions = _from(editor, node, static, numbers[0].item())
    cast = editor.insert(node, _aten.to.dtype, (positions, node.meta["val"].dtype))
    return editor.replace(node, _aten.reshape.default, (cast, [1 if size == 1 else -1 for size in shape_of(node)]))


def _first_rows(editor: ProgramEditor, node: Node, static: StaticNodes) -> Node | None:
    """What takes the place of as many rows of a table as there are tokens."""
    if node.target is not _aten.slice.Tensor:
        return None
    call = arguments(node)
    table, dim = call["self"], call["dim"]
    first = call["start"] or 0
    is_cut = isinstance(first, int) and call["step"] == 1 and isinstance(shape_of(table)[dim], int)
    if not is_cut or shape_of(node)[dim] != shape_of(static.tokens)[0]:
        return None
    return editor.replace(node, _aten.index_select.default, (table, dim, _from(editor, node, static, first)))


def _from(editor: ProgramEditor, before: Node, static: StaticNodes, first: float) -> Node:
    """The tokens' positions, counted from `first` on."""
    return editor.insert(before, _aten.add.Scalar, (static.positions, int(first))) if first else static.positions
