"""Models that torchao quantised keep their quantisation: PT2E, and weights that blocks cannot hold (those that they
can: test_torchao_blocks.py)."""

import numpy as np
import pytest
import torch
from hearth.export import Method, save
from hearth.export.trace import trace
from programs import run_method
from test_quantization import block, calls, images
from torch import nn
from torchao.quantization import (
    Float8WeightOnlyConfig,
    Int8DynamicActivationIntxWeightConfig,
    IntxWeightOnlyConfig,
    quantize_,
)
from torchao.quantization.granularity import PerGroup
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
from torchao.quantization.pt2e.quantizer.x86_inductor_quantizer import (
    X86InductorQuantizer,
    get_default_x86_inductor_quantization_config,
)
from torchao.quantization.quant_primitives import MappingType

CONFIGURATIONS = {
    "int4 weights in groups of 16": IntxWeightOnlyConfig(torch.int4, PerGroup(16)),
    "int4 weights in groups of 16, int8 rows": Int8DynamicActivationIntxWeightConfig(torch.int4, PerGroup(16)),
    "int8 weights from a zero point on": IntxWeightOnlyConfig(
        torch.int8, PerGroup(32), mapping_type=MappingType.ASYMMETRIC
    ),
    "float8 weights": Float8WeightOnlyConfig(),
}


class PackedLinear(nn.Module):
    """A linear layer as torchao's tinygemm tensors run it: weights in four bits, in the order of this processor."""

    def __init__(self, inputs: int, outputs: int, group: int) -> None:
        super().__init__()
        numbers = torch.randint(0, 16, (outputs, inputs), dtype=torch.int32)
        self.register_buffer("packed", torch.ops.aten._convert_weight_to_int4pack_for_cpu(numbers, 1))
        self.register_buffer("scales_and_zeros", torch.rand(inputs // group, outputs, 2) * 0.01)
        self.group = group

    def forward(self, x):
        return torch.ops.aten._weight_int4pack_mm_for_cpu(x, self.packed, self.group, self.scales_and_zeros)


def layers() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(128, 96), nn.ReLU(), nn.Linear(96, 32)).eval()


def assert_agrees(model: nn.Module, folder, rows: tuple[int, ...] = (3, 1)) -> None:
    batch = torch.export.Dim("batch", max=64)
    save(folder / "model.pt2", model, (torch.randn(2, 128),), dynamic_shapes=({0: batch},))
    for count in rows:
        x = torch.randn(count, 128)
        with torch.no_grad():
            expected = model(x)
        (answer,) = run_method(folder / "model.pt2", "forward", [x.numpy()], folder)
        np.testing.assert_allclose(answer, expected.numpy(), atol=1e-4 * float(expected.abs().max()))


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_quantised_model_answers_as_torchao_does(name, tmp_path):
    model = layers()
    quantize_(model, CONFIGURATIONS[name])
    assert_agrees(model, tmp_path)


@pytest.mark.parametrize("group", [32, 128])
def test_weights_packed_for_this_processor_are_stored_for_any(group, tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential(PackedLinear(128, 64, group), nn.ReLU()).eval()
    assert_agrees(model, tmp_path)
    program = trace("forward", Method(model, (torch.randn(2, 128),)), {}).program
    assert program.state_dict["0.packed"].shape == (64, 64)


def test_a_graph_of_pt2e_becomes_layers_of_bytes(tmp_path):
    graph = torch.export.export(block(), (images(1, 1),)).module()
    quantizer = X86InductorQuantizer().set_global(get_default_x86_inductor_quantization_config())
    graph = prepare_pt2e(graph, quantizer)
    for seed in range(10, 20):
        graph(images(1, seed))
    graph = convert_pt2e(graph)
    names = calls(trace("forward", Method(graph, (images(1, 1),)), {}).program)
    assert names.count("hearth::hearth_quantized_conv2d") == 4
    assert names.count("hearth::hearth_quantized_linear") == 1
    save(tmp_path / "model.pt2", graph, (images(1, 1),))
    x = images(1, 2)
    expected = graph(x).detach()
    (answer,) = run_method(tmp_path / "model.pt2", "forward", [x.numpy()], tmp_path)
    assert float((torch.from_numpy(answer) - expected).abs().max()) < 1e-4 * float(expected.abs().max())
