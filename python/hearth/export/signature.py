"""What a method takes and returns, read from its ExportedProgram: names, dtypes, symbolic shapes with ranges."""

from collections.abc import Callable
from dataclasses import dataclass

import sympy
import torch
import torch.utils._pytree as pytree
from torch.export import ExportedProgram

from hearth.export.errors import ExportError
from hearth.export.symbols import (
    DeclaredDimension,
    expression,
    input_dimension,
    output_dimension,
    positional_names,
    symbol_names,
    symbol_range,
)
from hearth.export.weights import dtype_name


@dataclass
class InputFacts:
    """One tensor that the method takes; `placeholder` is its name in the graph, `example` the tensor it was traced
    with, `shape` holds integers and sympy expressions."""

    name: str
    placeholder: str
    example: torch.Tensor
    shape: tuple

    def symbols(self) -> set[sympy.Symbol]:
        """The symbols in its shape."""
        return {symbol for size in self.shape for symbol in getattr(size, "free_symbols", ())}


@dataclass
class Signature:
    """The method's face as the manifest describes it."""

    inputs: list[dict]
    outputs: list[dict]
    symbols: dict[str, dict]


def read_signature(
    program: ExportedProgram, inputs: list[InputFacts], method: str, declared: dict[tuple[str, int], DeclaredDimension]
) -> Signature:
    """Reads the signature of `program`, the functional form of what was exported; `inputs`: see tensor_inputs();
    `declared`: see declared_dimensions().

    ExportError for what the file cannot express: mutated inputs or buffers, input sizes that are not `k*s+c`.
    """
    _refuse_mutation(program, method)
    names = symbol_names([(fact.name, fact.shape) for fact in inputs], declared)
    return Signature(
        inputs=[
            {
                "name": fact.name,
                "dtype": dtype_name(fact.example.dtype),
                "shape": [input_dimension(size, names, f"method {method}: input {fact.name!r}") for size in fact.shape],
                "dim_order": list(fact.example.dim_order()),
            }
            for fact in inputs
        ],
        outputs=_outputs(program, names),
        symbols={names[symbol]: symbol_range(program, symbol) for symbol in names},
    )


def input_paths(program: ExportedProgram, function: Callable) -> list[str]:
    """Names of all leaves of the example inputs, by path: "x", "past.0.key"."""
    args, kwargs = program.example_inputs
    parameters = positional_names(function, len(args))
    leaves, _ = pytree.tree_flatten_with_path((args, kwargs))
    paths = []
    for path, _leaf in leaves:
        first, rest = path[1], path[2:]
        head = parameters[first.idx] if path[0].idx == 0 else str(first.key)
        paths.append(".".join([head, *map(_key_text, rest)]))
    return paths


def _key_text(key) -> str:
    for attribute in ("key", "idx", "name"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def _refuse_mutation(program: ExportedProgram, method: str) -> None:
    signature = program.graph_signature
    for kind, targets in (("buffer", signature.buffers_to_mutate), ("input", signature.user_inputs_to_mutate)):
        for target in targets.values():
            raise ExportError(
                f"method {method}: the model changes its {kind} {target!r} in place. Weights and inputs are read-only "
                f"at run time: take the old value as an input and return the new one"
            )


def tensor_inputs(program: ExportedProgram, function: Callable, method: str) -> list[InputFacts]:
    """The tensors that `program`, exported from `function`, takes, in order. ExportError when it takes numbers that may
    change."""
    placeholders = {node.name: node for node in program.graph.find_nodes(op="placeholder")}
    specs = [spec for spec in program.graph_signature.input_specs if spec.kind.name == "USER_INPUT"]
    leaves = pytree.tree_leaves(program.example_inputs)
    facts = []
    for spec, name, example in zip(specs, input_paths(program, function), leaves, strict=True):
        value = placeholders[spec.arg.name].meta.get("val")
        if isinstance(value, torch.SymInt | torch.SymFloat | torch.SymBool):
            raise ExportError(
                f"method {method}: input {name!r} is a number that may change. Pass it as a 0-dimensional tensor, or "
                f"leave it out of dynamic_shapes to fix it to {example!r}"
            )
        if isinstance(value, torch.Tensor):
            shape = tuple(expression(size) for size in value.shape)
            facts.append(InputFacts(name, spec.arg.name, example, shape))
    return facts


def _outputs(program: ExportedProgram, names: dict) -> list[dict]:
    output = next(iter(program.graph.find_nodes(op="output"))).args[0]
    by_name = {node.name: node for node in output if isinstance(node, torch.fx.Node)}
    spec = program.module_call_graph[0].signature.out_spec
    dummy = pytree.tree_unflatten(list(range(spec.num_leaves)), spec)
    paths = [".".join(map(_key_text, path)) for path, _ in pytree.tree_flatten_with_path(dummy)[0]]
    outputs = []
    for path, argument in zip(paths, program.graph_signature.user_outputs, strict=True):
        value = by_name[argument].meta["val"]
        outputs.append(
            {
                "name": f"output_{path}" if path.isdigit() else path or "output",
                "dtype": dtype_name(value.dtype),
                "shape": [output_dimension(expression(size), names) for size in value.shape],
            }
        )
    return outputs
