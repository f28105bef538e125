"""The portable graph: an ExportedProgram as torch's own serialiser writes it, with weights in the shared records."""

import contextlib
import json
from collections.abc import Iterator

from torch._export.serde import schema
from torch._export.serde.serialize import _dataclass_to_dict, serialize, serialize_tensor_meta
from torch.export import ExportedProgram
from torch.nn import Parameter

from hearth.export.errors import ExportError
from hearth.export.weights import CONSTANT, WEIGHT, WeightStore
from hearth.export.zip_writer import Record

_HOST_TRACES = ("stack_trace", "from_node")


def portable_records(method: str, program: ExportedProgram, store: WeightStore) -> dict[str, Record]:
    """Records of one method by their role: "model", "weights" and "constants". Tensors go to `store`. ExportError for
    script objects, which only libtorch can restore."""
    weights = _payload(method, program.state_dict, WEIGHT, store)
    constants = _payload(method, program.constants, CONSTANT, store)
    with _without_host_traces(program):
        graph = serialize(
            program, serialize_state_dict=False, serialize_constants=False, serialize_example_inputs=False
        ).exported_program
    return {
        "model": Record(f"models/{method}.json", graph),
        "weights": Record(f"data/weights/{method}_weights_config.json", weights),
        "constants": Record(f"data/constants/{method}_constants_config.json", constants),
    }


def _payload(method: str, tensors: dict, kind: str, store: WeightStore) -> bytes:
    config = {}
    for name, tensor in tensors.items():
        if not hasattr(tensor, "untyped_storage"):
            raise ExportError(f"method {method}: {name!r} is a {type(tensor).__name__}; only tensors can be stored")
        store.add(name, tensor, method, kind)
        config[name] = schema.PayloadMeta(
            path_name=store.stored(tensor, kind).record.rsplit("/", 1)[1],
            is_param=isinstance(tensor, Parameter),
            use_pickle=False,
            tensor_meta=serialize_tensor_meta(tensor),
        )
    return json.dumps(_dataclass_to_dict(schema.PayloadConfig(config=config))).encode()


@contextlib.contextmanager
def _without_host_traces(program: ExportedProgram) -> Iterator[None]:
    """Takes away what differs from run to run (file names, addresses) for as long as this lasts."""
    graphs = [module.graph for module in program.graph_module.modules() if hasattr(module, "graph")]
    kept = {node: node.meta for graph in graphs for node in graph.nodes}
    for node, meta in kept.items():
        node.meta = {key: value for key, value in meta.items() if key not in _HOST_TRACES}
    try:
        yield
    finally:
        for node, meta in kept.items():
            node.meta = meta
