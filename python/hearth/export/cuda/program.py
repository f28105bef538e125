"""A program that was traced on the CPU, as if it had been traced on the GPU."""

import copy
from dataclasses import dataclass

import torch
import torch.utils._pytree as pytree
from torch._guards import detect_fake_mode
from torch._subclasses.fake_tensor import FakeTensor
from torch.export import ExportedProgram
from torch.export.passes import move_to_device_pass

from hearth.export.cuda.attention import use_own_attention
from hearth.export.errors import ExportError

_DEVICE = "cuda:0"


@dataclass
class MovedProgram:
    """`program` holds weights and example inputs that have shapes, dtypes and a device, and no data; `originals`: the
    weights behind them, by the identity of the storage that they would have."""

    program: ExportedProgram
    originals: dict[int, torch.Tensor]

    def original(self, weight: torch.Tensor) -> torch.Tensor:
        """The weight with data that `weight` of `program` stands for. ExportError for one that is not the program's."""
        found = self.originals.get(_storage(weight))
        if found is None or (found.shape, found.stride(), found.dtype) != (weight.shape, weight.stride(), weight.dtype):
            raise ExportError("code for a GPU needs a constant that has no value before the model runs")
        return found


def moved_to_gpu(program: ExportedProgram) -> MovedProgram:
    """A copy of `program` whose tensors lie on the pretended GPU; call it inside pretending_gpu(). The given program
    stays as it is, and no weight is copied."""
    tensors = {name: value for name, value in program.constants.items() if isinstance(value, torch.Tensor)}
    mode = detect_fake_mode([node.meta["val"] for node in program.graph.find_nodes(op="placeholder")])

    def emptied(tensor: torch.Tensor) -> torch.Tensor:
        if isinstance(tensor, FakeTensor):
            return tensor
        with mode:
            empty = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype)
            return torch.nn.Parameter(empty, False) if isinstance(tensor, torch.nn.Parameter) else empty

    graph_module = copy.deepcopy(program.graph_module)
    for node, original in zip(graph_module.graph.nodes, program.graph.nodes, strict=True):
        # A copy renames what is called as something of Python is ("input"), and the signature goes by names.
        node.name = original.name
    moved = ExportedProgram(
        root=graph_module,
        graph=graph_module.graph,
        graph_signature=copy.deepcopy(program.graph_signature),
        state_dict={name: emptied(value) for name, value in program.state_dict.items()},
        range_constraints=program.range_constraints,
        module_call_graph=program.module_call_graph,
        example_inputs=pytree.tree_map_only(torch.Tensor, emptied, program.example_inputs),
        constants={**program.constants, **{name: emptied(value) for name, value in tensors.items()}},
        verifiers=program.verifiers,
    )
    with torch.no_grad(), mode:
        moved = move_to_device_pass(moved, _DEVICE)
    use_own_attention(moved.graph)
    moved.graph_module.recompile()
    originals = {
        _storage(empty): weight
        for given, there in ((program.state_dict, moved.state_dict), (tensors, moved.constants))
        for weight, empty in ((weight, there[name]) for name, weight in given.items())
    }
    return MovedProgram(moved, originals)


def _storage(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage()._cdata
