"""--quant i8: layers multiply bytes, the file shrinks, and answers stay near eager PyTorch's in float32."""

import pytest
import torch
import torch.ao.quantization.fx._decomposed
from conftest import run_exporter
from hearth.export import ExportError, Method, save
from hearth.export.trace import trace
from programs import run_method
from torch import nn

QUANTIZED = torch.ops.quantized_decomposed


class Block(nn.Module):
    """A residual block with pooling before it and a shortcut that is a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2))
        self.body = nn.Sequential(nn.Conv2d(16, 16, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1))
        self.shortcut = nn.Conv2d(16, 32, 1)
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        x = self.stem(x)
        return self.head(torch.relu(self.body(x) + self.shortcut(x)).mean((2, 3)))


class Pt2eLinear(nn.Module):
    """What PT2E makes of a linear layer whose operand it quantised to int8."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        numbers = torch.randint(-127, 128, (24, 40), dtype=torch.int8, generator=generator)
        self.register_buffer("weight", numbers)
        self.register_buffer("scales", torch.rand(24, generator=generator) * 0.01 + 0.001)
        self.register_buffer("zeros", torch.zeros(24, dtype=torch.int64))

    def forward(self, x):
        meaning = (0.03, 5, -128, 127, torch.int8)
        x = QUANTIZED.dequantize_per_tensor(QUANTIZED.quantize_per_tensor(x, *meaning), *meaning)
        weight = QUANTIZED.dequantize_per_channel(self.weight, self.scales, self.zeros, 0, -127, 127, torch.int8)
        return torch.relu(nn.functional.linear(x, weight))


def images(count: int, seed: int) -> torch.Tensor:
    return torch.randn(count, 3, 16, 16, generator=torch.Generator().manual_seed(seed))


def calls(program) -> list[str]:
    return [node.target.name() for node in program.graph.nodes if isinstance(node.target, torch._ops.OpOverload)]


def block() -> nn.Module:
    torch.manual_seed(0)
    return Block().eval()


def test_every_layer_multiplies_bytes_and_residuals_stay_bytes():
    program = trace("forward", Method(block(), (images(1, 1),)), {}, quant="i8").program
    names = calls(program)
    assert names.count("hearth::hearth_quantized_conv2d") == 4
    assert names.count("hearth::hearth_quantized_linear") == 1
    assert "aten::add.Tensor" not in names
    weights = {tensor.dtype for name, tensor in program.state_dict.items() if name.endswith("weight")}
    assert weights == {torch.int8}


def test_answers_stay_near_eager_pytorch_for_inputs_not_seen_in_calibration(tmp_path):
    model, file = block(), tmp_path / "block.pt2"
    calibration = [(images(1, seed),) for seed in range(10, 26)]
    save(file, model, (images(1, 1),), quant="i8", calibration=calibration)
    for seed in (2, 3, 4):
        x = images(1, seed)
        expected = model(x).detach()
        (answer,) = run_method(file, "forward", [x.numpy()], tmp_path)
        assert (torch.from_numpy(answer) - expected).abs().max() < 0.05 * expected.abs().max()


def test_graphs_that_pt2e_quantised_become_the_same_layers(tmp_path):
    model, file = Pt2eLinear(), tmp_path / "pt2e.pt2"
    x = torch.randn(7, 40, generator=torch.Generator().manual_seed(3))
    names = calls(trace("forward", Method(model, (x,)), {}).program)
    assert "hearth::hearth_quantized_linear" in names
    assert "aten::linear" not in names
    save(file, model, (x,))
    (answer,) = run_method(file, "forward", [x.numpy()], tmp_path)
    torch.testing.assert_close(torch.from_numpy(answer), model(x), rtol=1e-5, atol=1e-5)


def test_weights_that_are_not_symmetric_stay_as_they_are():
    model = Pt2eLinear()
    model.zeros += 1
    names = calls(trace("forward", Method(model, (torch.randn(7, 40),)), {}).program)
    assert "hearth::hearth_quantized_linear" not in names


def test_inputs_that_are_not_like_the_example_are_refused(tmp_path):
    with pytest.raises(ExportError, match="calibration"):
        save(tmp_path / "x.pt2", block(), (images(1, 1),), quant="i8", calibration=[(images(1, 1), images(1, 1))])


def test_unknown_quantisations_are_refused(tmp_path):
    with pytest.raises(ExportError, match="i8"):
        save(tmp_path / "x.pt2", block(), (images(1, 1),), quant="i3")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--calibrate", "pictures"), "does nothing without --quant"),
        (("--quant", "i8", "--calibrate", "nowhere"), "no pictures"),
    ],
)
def test_the_command_says_what_calibration_lacks(resnet_folder, tmp_path, options, words):
    result = run_exporter(str(resnet_folder), "-o", "x.pt2", *options, cwd=tmp_path)
    assert result.returncode == 1
    assert words in result.stderr
