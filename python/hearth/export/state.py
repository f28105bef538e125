"""What a model keeps: weights, and buffers that it changes as it runs."""

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.export.graph_signature import OutputKind
from torch.fx import Node


def drop_unread_state(program: ExportedProgram) -> None:
    """Removes updates of buffers that nothing but the update itself reads: counters of batches and the like. What is
    left over of them goes with the dead code."""
    output = next(iter(program.graph.find_nodes(op="output")))
    specs = program.graph_signature.output_specs
    results = list(zip(output.args[0], specs, strict=True))
    read = _ancestors(node for node, spec in results if spec.kind is OutputKind.USER_OUTPUT and isinstance(node, Node))
    placeholders = {node.name: node for node in program.graph.find_nodes(op="placeholder")}
    buffers = {spec.target: placeholders[spec.arg.name] for spec in program.graph_signature.input_specs}
    kept = [
        (node, spec)
        for node, spec in results
        if spec.kind is not OutputKind.BUFFER_MUTATION or buffers[spec.target] in read
    ]
    if len(kept) < len(results):
        output.args = (tuple(node for node, _ in kept),)
        specs[:] = [spec for _, spec in kept]
        program.graph.eliminate_dead_code()
        program.graph_module.recompile()


def give_own_storage(program: ExportedProgram) -> None:
    """Copies weights that are parts of a larger storage: compiled code wants the whole storage of each."""
    for tensors in (program.state_dict, program.constants):
        for name, tensor in tensors.items():
            if (
                isinstance(tensor, Tensor)
                and tensor.untyped_storage().nbytes() > tensor.numel() * tensor.element_size()
            ):
                copy = tensor.detach().clone()
                is_parameter = isinstance(tensor, torch.nn.Parameter)
                tensors[name] = torch.nn.Parameter(copy, tensor.requires_grad) if is_parameter else copy


def _ancestors(nodes) -> set[Node]:
    """The nodes and all that they are computed from."""
    found: set[Node] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += node.all_input_nodes
    return found
