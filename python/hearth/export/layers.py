"""Which of the model's linear layers a file's weights hold: what an adapter, made later, needs to know."""

import torch
from torch.export import ExportedProgram

from hearth import ops  # noqa: F401  (registers torch.ops.hearth)

_WEIGHT = ".weight"


def linear_layers(program: ExportedProgram, joined: dict[str, list[tuple[str, int]]]) -> dict[str, list]:
    """Weights of hearth_linear, by their names in the state dictionary, and the layers whose rows they hold, one after
    another: [name, rows]. `joined`: the weights in one that several layers share, by the first one's name."""
    targets = {spec.arg.name: spec.target for spec in program.graph_signature.input_specs}
    layers = {}
    for node in program.graph.find_nodes(op="call_function", target=torch.ops.hearth.hearth_linear.default):
        name = targets.get(node.args[1].name)
        if name in program.state_dict and name.endswith(_WEIGHT):
            parts = joined.get(name, [(name, node.args[5])])
            layers[name] = [[part.removesuffix(_WEIGHT), rows] for part, rows in parts]
    return layers
