"""Names, dtypes and symbolic sizes of inputs and outputs."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch
from hearth.export.errors import ExportError
from hearth.export.goldens import to_npy, tolerance
from hearth.export.trace import Method, trace
from torch import nn
from torch.export import Dim


class Call(nn.Module):
    """A module around a function."""

    def __init__(self, function) -> None:
        super().__init__()
        self.forward = function


def traced(function, *args, dynamic_shapes=None, **kwargs):
    return trace("forward", Method(Call(function), args, kwargs, dynamic_shapes), {}).signature


def test_derived_sizes_are_written_with_factor_and_offset():
    half = Dim("half", min=2, max=50)
    signature = traced(
        lambda x, y: (x + 1, y[:-1]), torch.ones(8), torch.ones(5), dynamic_shapes=({0: 2 * half}, {0: half + 1})
    )
    assert [i["shape"] for i in signature.inputs] == [["2*half"], ["half+1"]]
    assert [o["shape"] for o in signature.outputs] == [["2*half"], ["half"]]
    assert signature.symbols == {"half": {"min": 2, "max": 50}}


def test_sizes_that_the_file_cannot_write_are_unknown_in_outputs():
    signature = traced(
        lambda x, y: (torch.cat([x, y]), x.reshape(2, -1), x[x > 0]),
        torch.ones(8),
        torch.ones(5),
        dynamic_shapes=({0: 2 * Dim("a", min=2)}, {0: Dim("b", min=2)}),
    )
    assert [o["shape"] for o in signature.outputs] == [[None], [2, "a"], [None]]
    assert signature.symbols == {"a": {"min": 2, "max": None}, "b": {"min": 2, "max": None}}


def test_automatic_dimensions_are_named_after_input_and_position():
    signature = traced(lambda image: image * 2, torch.ones(3, 4), dynamic_shapes=({1: Dim.AUTO},))
    assert signature.inputs[0]["shape"] == [3, "image_dim1"]
    assert signature.outputs[0]["shape"] == [3, "image_dim1"]


def test_numbers_and_none_are_fixed_and_no_inputs():
    def function(x, scale, mask=None, name="double"):
        return x * scale if mask is None else x * mask

    assert [i["name"] for i in traced(function, torch.ones(3), 2.5, mask=None, name="a").inputs] == ["x"]


def test_unused_inputs_stay():
    signature = traced(lambda x, unused: x + 1, torch.ones(3), torch.ones(2, 2))
    assert [i["name"] for i in signature.inputs] == ["x", "unused"]


def test_variable_arguments_are_numbered():
    signature = traced(
        lambda *parts, **more: parts[0] + parts[1] + more["z"], torch.ones(2), torch.ones(2), z=torch.ones(2)
    )
    assert [i["name"] for i in signature.inputs] == ["parts.0", "parts.1", "z"]


LAYOUTS = {
    "row-major": (torch.ones(2, 3, 4, 5), [0, 1, 2, 3]),
    "channels-last": (torch.ones(2, 3, 4, 5).to(memory_format=torch.channels_last), [0, 2, 3, 1]),
    "transposed": (torch.ones(3, 4).t(), [1, 0]),
    "with gaps": (torch.ones(3, 8)[:, ::2], [0, 1]),
    "expanded": (torch.ones(1, 4).expand(3, 4), [0, 1]),
    "scalar": (torch.tensor(1.0), []),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_memory_order_of_inputs_is_that_of_the_example(name):
    example, order = LAYOUTS[name]
    assert traced(lambda x: x + 1, example).inputs[0]["dim_order"] == order


class Mutating(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("count", torch.zeros(1))

    def forward(self, x):
        self.count += 1
        return x + self.count


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("batches", torch.tensor(0))

    def forward(self, x):
        self.batches += 1
        return x * 2


def test_a_buffer_that_is_only_counted_up_is_left_alone():
    method = trace("forward", Method(Counting(), (torch.ones(2),)), {})
    assert [spec.arg.name for spec in method.program.graph_signature.output_specs] == ["mul"]


@dataclass
class Answer:
    logits: torch.Tensor
    states: list
    loss: float | None = None


OUTPUTS = {
    "numbers": (lambda x: (x + 1, 5, 0.5, True), ["output_0", "output_1", "output_2", "output_3"]),
    "a size": (lambda x: (x + 1, x.shape[0]), ["output_0", "output_1"]),
    "none and text": (lambda x: {"a": x + 1, "b": None, "c": "text"}, ["a"]),
    "a dataclass": (lambda x: Answer(x + 1, [x, (x, None)]), ["logits", "states.0", "states.1.0"]),
    "a named result": (lambda x: torch.max(x[None], 1), ["output_0", "output_1"]),
    "an object": (lambda x: SimpleNamespace(y=x + 1, _hidden=x), ["y"]),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs_of_any_class_become_tensors(name):
    function, names = OUTPUTS[name]
    method = trace("forward", Method(Call(function), (torch.ones(3),), None, ({0: Dim("n")},)), {})
    assert [output["name"] for output in method.signature.outputs] == names
    assert method.accuracy.error == 0


REFUSED = {
    "changed buffer": (Mutating(), (torch.ones(2),), None, "its buffer 'count' in place"),
    "changed input": (Call(lambda x: x.add_(1)), (torch.ones(2),), None, "its input 'x' in place"),
    "no output": (Call(lambda x: None), (torch.ones(2),), None, "returns no tensor"),
    "dynamic number": (Call(lambda x, n: x + n), (torch.ones(2), 3), (None, Dim.DYNAMIC), "input 'n' is a number"),
    "wrong rank": (
        Call(lambda x: x + 1),
        (torch.ones(2),),
        ({3: Dim("a")},),
        "gives dimension 3 of x, which has only 1",
    ),
    "unknown input": (Call(lambda x: x + 1), (torch.ones(2),), {"y": {0: Dim("a")}}, "names 'y', which is no input"),
    "size the model fixes": (
        Call(lambda x: x + torch.ones(4)),
        (torch.ones(4),),
        ({0: Dim("a", min=2)},),
        "dynamic_shapes do not fit",
    ),
    "model that fails": (nn.Linear(3, 3), (torch.ones(4),), None, "the model fails on its example inputs"),
    "plain function": (len, (), None, "wrap the function in a module"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_exported_is_named(name):
    module, args, dynamic_shapes, message = REFUSED[name]
    with pytest.raises(ExportError, match=message):
        trace("forward", Method(module, args, None, dynamic_shapes), {})


def test_training_mode_is_restored():
    module = nn.Sequential(nn.Dropout(), nn.Linear(2, 2))
    module[1].eval()
    result = trace("forward", Method(module, (torch.ones(1, 2),)), {})
    assert [m.training for m in module.modules()] == [True, True, False]
    assert result.accuracy.error == 0


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.bfloat16, torch.float16, torch.int64, torch.bool, torch.complex64]
)
def test_npy_holds_the_bytes_of_a_tensor(dtype):
    import io

    import numpy as np

    tensor = torch.tensor([[0, 1, 2], [3, 4, 5]]).to(dtype).t()
    array = np.load(io.BytesIO(to_npy(tensor)))
    assert array.shape == (3, 2)
    assert array.tobytes() == tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes()
    if dtype is torch.bfloat16:
        assert array.dtype.str == "|V2"


def test_tolerance_follows_dtype_and_largest_finite_element():
    values = torch.tensor([1.0, -50.0, float("inf"), float("nan")])
    assert tolerance(values) == (pytest.approx(5e-3), 1e-4)
    assert tolerance(values.to(torch.bfloat16))[0] == pytest.approx(1.5)
    assert tolerance(torch.tensor([7])) == (0.0, 0.0)


def test_a_graph_that_answers_otherwise_than_the_model_is_refused():
    with pytest.raises(ExportError, match="answers otherwise than the model, by 1 of the largest"):
        traced(lambda x: x * (0 if torch.compiler.is_exporting() else 1), torch.ones(3))
    # What is random answers otherwise by itself.
    assert traced(lambda x: x * torch.rand(3), torch.ones(3)).outputs
