"""Graph rewrites: what is fused, what is left alone, and that the answers stay the same."""

import pytest
import torch
import torch.nn.functional as F
from hearth import ops
from hearth.export.adapt import adapt
from torch import nn

BATCH = ({0: torch.export.Dim("batch", min=1, max=8)},)


def adapted(module: nn.Module, *args, dynamic_shapes=None):
    module.eval()
    with torch.no_grad():
        program = torch.export.export(module, args, dynamic_shapes=dynamic_shapes, strict=False)
        return adapt(program.run_decompositions({}), {})


def calls(program) -> list[str]:
    return [str(n.target).removesuffix(".default") for n in program.graph.nodes if n.op == "call_function"]


def epilogues(program) -> list[tuple[str, bool, str]]:
    """(operator, has a residual, activation) of every fused call."""
    found = []
    for node in program.graph.nodes:
        if str(node.target).startswith("hearth."):
            residual = node.args[3]
            found.append((str(node.target).split(".")[1].removeprefix("hearth_"), residual is not None, node.args[-1]))
    return found


def randomised(norm):
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.1, 2)
    if norm.affine:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias)
    return norm


class Net(nn.Module):
    """A convolution and a linear layer of equal output size, and a function of them and the input."""

    def __init__(self, function) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 4, 1, bias=False)
        self.linear = nn.Linear(6, 6)
        self.function = function

    def forward(self, x):
        return self.function(self, x)


ACTIVATIONS = {
    "relu": F.relu,
    "relu6": F.relu6,
    "silu": F.silu,
    "gelu": F.gelu,
    "gelu_tanh": lambda y: F.gelu(y, approximate="tanh"),
    "hardswish": F.hardswish,
    "none": lambda y: y,
}
PATTERNS = {
    **{f"conv, {n}": (lambda m, x, f=f: f(m.conv(x)), [("conv2d", False, n)]) for n, f in ACTIVATIONS.items()},
    **{f"linear, {n}": (lambda m, x, f=f: f(m.linear(x)), [("linear", False, n)]) for n, f in ACTIVATIONS.items()},
    "in place": (lambda m, x: F.relu_(m.conv(x)), [("conv2d", False, "relu")]),
    "residual": (lambda m, x: m.conv(x) + x, [("conv2d", True, "none")]),
    "residual on the left": (lambda m, x: F.relu(x + m.linear(x)), [("linear", True, "relu")]),
    "residual in place": (lambda m, x: F.relu(m.conv(x).add_(x)), [("conv2d", True, "relu")]),
    "two branches": (
        lambda m, x: F.relu(m.conv(x) + m.conv2(x)),
        [("conv2d", False, "none"), ("conv2d", True, "relu")],
    ),
    "hardtanh of other bounds": (lambda m, x: F.hardtanh(m.conv(x), 0, 5), [("conv2d", False, "none")]),
    "scaled residual": (lambda m, x: torch.add(m.conv(x), x, alpha=2), [("conv2d", False, "none")]),
    "broadcast residual": (lambda m, x: m.conv(x) + x[:, :1], [("conv2d", False, "none")]),
    "a number added": (lambda m, x: m.conv(x) + 1, [("conv2d", False, "none")]),
    "doubled": (lambda m, x: (lambda y: y + y)(m.conv(x)), [("conv2d", False, "none")]),
    "used twice": (lambda m, x: (lambda y: F.relu(y) * y)(m.conv(x)), [("conv2d", False, "none")]),
    "weight computed": (lambda m, x: F.conv2d(x, m.conv.weight * 2), []),
    "double precision": (lambda m, x: F.linear(x.double(), m.linear.weight.double()), []),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns_are_fused_and_compute_the_same(name):
    torch.manual_seed(0)
    function, expected = PATTERNS[name]
    net, x = Net(function), torch.randn(2, 4, 6, 6)
    program = adapted(net, x, dynamic_shapes=BATCH)
    assert epilogues(program) == expected
    for batch in (1, 2, 5):
        x = torch.randn(batch, 4, 6, 6)
        with torch.no_grad():
            torch.testing.assert_close(program.module()(x), net(x), rtol=1e-5, atol=1e-5)


LAYERS = {
    "conv1d": (lambda: nn.Conv1d(4, 8, 3), lambda: nn.BatchNorm1d(8), (2, 4, 9)),
    "conv2d": (lambda: nn.Conv2d(4, 8, 3, bias=False), lambda: nn.BatchNorm2d(8), (2, 4, 9, 9)),
    "grouped": (lambda: nn.Conv2d(4, 8, 3, groups=2), lambda: nn.BatchNorm2d(8, affine=False), (2, 4, 9, 9)),
    "same padding": (lambda: nn.Conv2d(4, 8, 3, padding="same"), lambda: nn.BatchNorm2d(8), (2, 4, 9, 9)),
    "conv3d": (lambda: nn.Conv3d(4, 8, 2), lambda: nn.BatchNorm3d(8), (2, 4, 5, 5, 5)),
    "linear": (lambda: nn.Linear(4, 8), lambda: nn.BatchNorm1d(8), (2, 4)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_batch_norms_fold_into_weights(name):
    torch.manual_seed(0)
    layer, norm, shape = LAYERS[name]
    net, x = nn.Sequential(layer(), randomised(norm())), torch.randn(shape)
    program = adapted(net, x)
    assert "aten._native_batch_norm_legit_no_training" not in calls(program)
    assert sorted(program.state_dict) == ["0.bias", "0.weight"]
    with torch.no_grad():
        torch.testing.assert_close(program.module()(x), net(x), rtol=1e-5, atol=1e-5)


def test_folding_is_exact_to_rounding():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(4, 8, 3), randomised(nn.BatchNorm2d(8)))
    weight = adapted(net, torch.randn(1, 4, 5, 5)).state_dict["0.weight"]
    factor = net[1].weight.double() / (net[1].running_var.double() + net[1].eps).sqrt()
    exact = net[0].weight.double() * factor.reshape(-1, 1, 1, 1)
    assert torch.equal(weight, exact.float())


def test_a_batch_norm_of_a_shared_result_stays():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(2, 2, 1), randomised(nn.BatchNorm2d(2))

        def forward(self, x):
            y = self.conv(x)
            return self.norm(y) + y

    net, x = Shared(), torch.randn(1, 2, 3, 3)
    program = adapted(net, x)
    assert "aten._native_batch_norm_legit_no_training" in calls(program)
    with torch.no_grad():
        torch.testing.assert_close(program.module()(x), net(x))


def test_a_layer_used_with_two_norms_gets_two_weights():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(2, 2, 1)
            self.a, self.b = randomised(nn.BatchNorm2d(2)), randomised(nn.BatchNorm2d(2))

        def forward(self, x):
            return self.a(self.conv(x)) * self.b(self.conv(x))

    net, x = Twice(), torch.randn(1, 2, 3, 3)
    program = adapted(net, x)
    assert sorted(program.state_dict) == ["conv.bias", "conv.bias_2", "conv.weight", "conv.weight_2"]
    with torch.no_grad():
        torch.testing.assert_close(program.module()(x), net(x))


def test_a_view_of_a_channels_last_result_becomes_a_reshape():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 6 * 6, 5))
    x = torch.randn(2, 3, 8, 8)
    program = adapted(net, x, dynamic_shapes=BATCH)
    assert calls(program)[-3:] == ["hearth.hearth_conv2d", "aten.reshape", "hearth.hearth_linear"]
    with torch.no_grad():
        torch.testing.assert_close(program.module()(x), net(x), rtol=1e-5, atol=1e-5)


def test_the_model_itself_is_not_changed():
    net = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), randomised(nn.BatchNorm2d(4)))
    before = {name: (tensor.clone(), tensor.stride()) for name, tensor in net.state_dict().items()}
    adapted(net, torch.randn(1, 3, 8, 8))
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, before[name][0])
        assert tensor.stride() == before[name][1]


@pytest.mark.parametrize("shape", [(1, 3, 5, 7), (2, 1, 5, 7), (2, 3, 1, 1), (1, 1, 1, 1)])
def test_operators_return_the_strides_that_they_predict(shape):
    x, weight = torch.randn(shape), torch.randn(4, shape[1], 1, 1)
    arguments = (x, weight, None, None, [1, 1], [0, 0], [1, 1], 1, "relu")
    real = torch.ops.hearth.hearth_conv2d(*arguments)
    assert real.stride() == ops.channels_last_strides(real.shape)
    torch.library.opcheck(torch.ops.hearth.hearth_conv2d, arguments, test_utils=("test_schema", "test_faketensor"))
    arguments = (x, torch.randn(6, shape[3]), torch.randn(6), None, "f32", 6, "gelu")
    assert torch.ops.hearth.hearth_linear(*arguments).is_contiguous()
    torch.library.opcheck(torch.ops.hearth.hearth_linear, arguments, test_utils=("test_schema", "test_faketensor"))


@pytest.mark.parametrize(
    "before, pad, value, own, expected",
    [
        ("even", (1, 1, 2, 2), 0, 0, [2, 1]),
        ("uneven", (0, 1, 0, 1), 0, 0, [0, 0, 1, 1]),
        ("with the layer's own", (1, 2, 0, 0), 0, 1, [1, 2, 1, 3]),
        ("one dimension", (2, 2), 0, 1, [1, 3]),
        ("same", (0, 1, 0, 1), 0, "same", [1, 1, 2, 2]),
    ],
)
@torch.no_grad()
def test_zeros_around_a_picture_become_padding(before, pad, value, own, expected):
    module = nn.Sequential(
        nn.ConstantPad2d((*pad, *[0] * (4 - len(pad))), value), nn.Conv2d(3, 4, 3, padding=own)
    ).eval()
    x = torch.randn(2, 3, 8, 9)
    program = adapted(module, x)
    assert calls(program) == ["hearth.hearth_conv2d"]
    assert next(n for n in program.graph.nodes if n.op == "call_function").args[5] == expected
    torch.testing.assert_close(program.module()(x), module(x))


@pytest.mark.parametrize("pad, value", [((1, 1, 1, 1), 1.0), ((-1, 1, 0, 0), 0.0), ((0, 0, 0, 0, 1, 1), 0.0)])
@torch.no_grad()
def test_other_padding_stays(pad, value):
    class Padded(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3 + sum(pad[4:]), 4, 3)

        def forward(self, x):
            return self.conv(F.pad(x, pad, value=value))

    x = torch.randn(2, 3, 8, 9)
    module = Padded().eval()
    program = adapted(module, x)
    assert len(calls(program)) == 2
    torch.testing.assert_close(program.module()(x), module(x))


@torch.no_grad()
def test_same_padding_of_even_kernels_is_uneven():
    module, x = nn.Conv2d(3, 4, 4, padding="same").eval(), torch.randn(1, 3, 8, 9)
    program = adapted(module, x)
    assert next(n for n in program.graph.nodes if n.op == "call_function").args[5] == [1, 1, 2, 2]
    torch.testing.assert_close(program.module()(x), module(x))
