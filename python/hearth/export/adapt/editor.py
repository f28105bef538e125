"""Edits an ExportedProgram: its graph together with the weights that the graph takes as inputs."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch._dispatch.python import enable_python_dispatcher
from torch.export import ExportedProgram
from torch.export.graph_signature import ExportGraphSignature, InputKind, InputSpec, OutputSpec, TensorArgument
from torch.fx import Node
from torch.fx.node import map_arg

from hearth.export.symbols import expression

_WEIGHT_KINDS = (InputKind.PARAMETER, InputKind.BUFFER, InputKind.CONSTANT_TENSOR)


def arguments(node: Node) -> dict:
    """The arguments of a call by their names in the operator's schema, defaults filled in."""
    schema = node.target._schema.arguments
    given = dict(zip((argument.name for argument in schema), node.args, strict=False)) | node.kwargs
    return {argument.name: given.get(argument.name, argument.default_value) for argument in schema}


def shape_of(node: Node) -> tuple:
    """Sizes of a node's tensor as integers and sympy expressions, which compare without adding guards."""
    return tuple(expression(size) for size in node.meta["val"].shape)


def only_user(node: Node) -> Node | None:
    """The node's user when there is exactly one."""
    return next(iter(node.users)) if len(node.users) == 1 else None


@dataclass
class _Weight:
    """A graph input that holds a weight, and the name it should have in the state dictionary."""

    node: Node
    spec: InputSpec
    tensor: Tensor | None
    name: str


class ProgramEditor:
    """One program being rewritten. `shared` outlives it: tensors made by derive() are the same for all programs of a
    model, so that methods go on sharing weights. `joined` is one dictionary for them too: which weights, with how
    many rows each, stand in one that is called like the first."""

    def __init__(self, program: ExportedProgram, shared: dict) -> None:
        self.graph = program.graph_module.graph
        self._program = program
        self._shared = shared
        self.joined: dict[str, list[tuple[str, int]]] = shared.setdefault("joined", {})
        self._nodes = {node.name: node for node in self.graph.find_nodes(op="placeholder")}
        self._weights: dict[Node, _Weight] = {}
        for spec in program.graph_signature.input_specs:
            if spec.kind in _WEIGHT_KINDS:
                node = self._nodes[spec.arg.name]
                tensor = program.state_dict.get(spec.target, program.constants.get(spec.target))
                self._weights[node] = _Weight(node, spec, tensor, spec.target)
        self._derived: dict[int, _Weight] = {}
        self._first = next(iter(self.graph.nodes))
        self._fake_mode = torch._guards.detect_fake_mode([node.meta.get("val") for node in self._nodes.values()])
        self._changed = False

    def weight(self, node: Node | None) -> Tensor | None:
        """The tensor behind a graph input that is a weight; None for everything else."""
        return self._weights[node].tensor if node in self._weights else None

    def weight_name(self, node: Node) -> str:
        """The name of such a weight in the state dictionary."""
        return self._weights[node].name

    def derive(self, key: tuple, sources: list[Tensor | None], name: str, make: Callable[[], Tensor]) -> Node:
        """A graph input with a new weight that `make` computes from `sources`; made once for each `key` and sources.
        `name` is the name it takes over when the weight that has it falls out of use."""
        identity = (*key, *((t.data_ptr(), t.dtype, t.shape, t.stride()) if t is not None else None for t in sources))
        if identity not in self._shared:
            # The sources are kept too: their addresses identify the result.
            self._shared[identity] = (make().detach(), sources)
        tensor = self._shared[identity][0]
        if id(tensor) not in self._derived:
            self._derived[id(tensor)] = self._new_input(name, tensor)
        return self._derived[id(tensor)].node

    def replace(self, old: Node, target: Callable, args: tuple) -> Node:
        """Puts a call in the place of `old`, which loses all its users."""
        with self.graph.inserting_before(old):
            new = self.graph.call_function(target, args)
        new.meta = {key: value for key, value in old.meta.items() if key != "val"}
        old.replace_all_uses_with(new)
        self._propagate(new)
        self._changed = True
        return new

    def insert(self, before: Node, target: Callable, args: tuple) -> Node:
        """A new call ahead of the node `before`."""
        with self.graph.inserting_before(before):
            new = self.graph.call_function(target, args)
        self._propagate(new)
        self._changed = True
        return new

    def refresh(self, node: Node) -> None:
        """Recomputes what `node` returns after its operands changed."""
        self._propagate(node)

    def substitute(self, node: Node, old: Node, new: Node) -> None:
        """Makes `node` take `new` in place of `old`."""
        node.replace_input_with(old, new)
        self._changed = True

    def forward(self, old: Node, new: Node) -> None:
        """Makes all users of `old` take `new`."""
        old.replace_all_uses_with(new)
        self._changed = True

    def placeholders(self, inputs: list) -> list:
        """Values for all graph inputs in order: the weights, and `inputs` for the user's."""
        given = iter(inputs)
        return [
            self._weights[node].tensor if node in self._weights else next(given)
            for node in self.graph.find_nodes(op="placeholder")
        ]

    def finish(self) -> ExportedProgram:
        """The rewritten program, without calls and weights that nothing uses."""
        self.graph.eliminate_dead_code()
        specs, state = self._final_inputs()
        if self._changed:
            for node in self.graph.nodes:
                self._propagate(node)
        self.graph.lint()
        self._program.graph_module.recompile()
        return ExportedProgram(
            root=self._program.graph_module,
            graph=self.graph,
            graph_signature=ExportGraphSignature(specs, self._final_outputs()),
            state_dict=state,
            range_constraints=self._program.range_constraints,
            module_call_graph=self._program.module_call_graph,
            example_inputs=self._program.example_inputs,
            constants=self._program.constants,
            verifiers=self._program.verifiers,
        )

    def _new_input(self, name: str, tensor: Tensor) -> _Weight:
        with self.graph.inserting_before(self._first):
            node = self.graph.placeholder(f"derived_{len(self._derived)}")
        # Its name in the graph, which another editor may have given to an input before, is also that of the argument.
        node.target = node.name
        node.meta["val"] = self._fake_mode.from_tensor(tensor, static_shapes=True)
        spec = InputSpec(InputKind.BUFFER, TensorArgument(node.name), None, persistent=True)
        self._weights[node] = weight = _Weight(node, spec, tensor, name)
        return weight

    def _final_inputs(self) -> tuple[list[InputSpec], dict[str, Tensor]]:
        """Specifications of the inputs still there, in the graph's order, and the state dictionary that goes with them.
        Derived weights get their names now, when those that they replace are gone."""
        for node in [node for node in self._weights if not node.users]:
            self.graph.erase_node(node)
            del self._weights[node]
        taken = {weight.spec.target for weight in self._weights.values()}
        given = {spec.arg.name: spec for spec in self._program.graph_signature.input_specs}
        specs, state = [], {}
        for node in self.graph.find_nodes(op="placeholder"):
            weight = self._weights.get(node)
            specs.append(weight.spec if weight else given[node.name])
            if weight is None or weight.spec.kind is InputKind.CONSTANT_TENSOR or weight.spec.persistent is False:
                continue
            if weight.spec.target is None:
                weight.spec.target = _free_name(weight.name, taken)
                taken.add(weight.spec.target)
            state[weight.spec.target] = weight.tensor
        return specs, state

    def _final_outputs(self) -> list[OutputSpec]:
        """Specifications of the outputs, with the names of the calls that make them now."""
        specs = list(self._program.graph_signature.output_specs)
        for spec, value in zip(specs, self.graph.output_node().args[0], strict=True):
            if isinstance(value, Node):
                spec.arg.name = value.name
        return specs

    def _propagate(self, node: Node) -> None:
        """Recomputes the shape and strides of a call. Sizes known only from data keep their symbols."""
        skipped = isinstance(node.target, torch._ops.HigherOrderOperator) or node.meta.get("unbacked_bindings")
        if node.op != "call_function" or skipped:
            return
        args, kwargs = map_arg((node.args, dict(node.kwargs)), lambda n: n.meta.get("val"))
        # Without the Python dispatcher some composite operators ask for sizes as numbers, which fixes symbolic ones.
        with self._fake_mode, torch.no_grad(), enable_python_dispatcher():
            try:
                node.meta["val"] = node.target(*args, **kwargs)
            except (RuntimeError, ValueError):
                if node.target is not torch.ops.aten.view.default:
                    raise
                # The graph was traced with a row-major tensor here that is channels-last now.
                node.target = torch.ops.aten.reshape.default
                node.meta["val"] = node.target(*args, **kwargs)


def _free_name(name: str, taken: set[str]) -> str:
    candidates = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
    return next(candidate for candidate in candidates if candidate not in taken)
