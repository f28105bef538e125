"""Weights in blocks: rounding, packing, and what the runtime makes of them."""

import numpy as np
import pytest
import torch
from hearth import ops  # noqa: F401  (registers torch.ops.hearth)
from hearth.block_weights import BLOCK_FORMATS, dequantize_blocks, packed_shape, quantize_blocks
from programs import hearth, run_method

# Of normal numbers; what plain rounding to the nearest of the format's steps leaves is a quarter more.
LARGEST_ERROR = {"q4": 0.085, "q4-asym": 0.08, "q8": 0.006}


@pytest.mark.parametrize("rows, depth", [(1, 1), (16, 64), (17, 65), (300, 200)])
@pytest.mark.parametrize("fmt", BLOCK_FORMATS)
def test_numbers_come_back_nearly_as_they_were(fmt, rows, depth):
    torch.manual_seed(0)
    weight = torch.randn(rows, depth) * 0.02
    packed = quantize_blocks(weight, fmt)
    assert packed.shape == packed_shape(rows, depth, fmt)
    numbers = dequantize_blocks(packed, fmt, rows, depth)
    assert (numbers - weight).norm() <= LARGEST_ERROR[fmt] * weight.norm() + 1e-9
    # What lies on the steps already stays: rounding twice is rounding once.
    again = dequantize_blocks(quantize_blocks(numbers, fmt), fmt, rows, depth)
    assert (again - numbers).norm() <= 1e-2 * numbers.norm()


@pytest.mark.parametrize("fmt", BLOCK_FORMATS)
def test_zeros_stay_zeros_and_what_is_not_finite_is_refused(fmt):
    assert not dequantize_blocks(quantize_blocks(torch.zeros(5, 70), fmt), fmt, 5, 70).any()
    for value in (float("nan"), float("inf"), 1e9):
        with pytest.raises(ValueError, match="not finite, or too large"):
            quantize_blocks(torch.full((2, 3), value).mul_(torch.tensor([1.0, -1.0, 0.0])), fmt)


@pytest.mark.parametrize("fmt", BLOCK_FORMATS)
def test_operators_predict_what_they_return(fmt):
    packed = quantize_blocks(torch.randn(20, 70), fmt)
    arguments = (torch.randn(3, 70), packed, torch.randn(20), None, fmt, 20, "silu")
    torch.library.opcheck(torch.ops.hearth.hearth_linear, arguments, test_utils=("test_schema", "test_faketensor"))
    experts, stacked = torch.tensor([[0, 2], [1, 2], [2, 0]]), torch.stack([packed] * 3)
    for x in (torch.randn(3, 70), torch.randn(3, 2, 70)):
        arguments = (x, experts, stacked, torch.randn(3, 20), fmt, 20)
        torch.library.opcheck(torch.ops.hearth.hearth_moe, arguments, test_utils=("test_schema", "test_faketensor"))
    arguments = (torch.tensor([[1, 19]]), packed, fmt, 20, 70, torch.bfloat16)
    torch.library.opcheck(torch.ops.hearth.hearth_embedding, arguments, test_utils=("test_schema", "test_faketensor"))


class Attending(torch.nn.Module):
    """Three layers of one input, two of them alike, one with few outputs, and a table that the last one shares."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.table = torch.nn.Embedding(100, 96)
        self.query, self.key = torch.nn.Linear(96, 64), torch.nn.Linear(96, 32)
        self.router = torch.nn.Linear(96, 4)
        self.out = torch.nn.Linear(64, 96, bias=False)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.table(ids)
        y = torch.nn.functional.silu(self.query(x)) * self.key(x).repeat(1, 2)
        hidden = self.out(y) + x
        return hidden @ self.table.weight.T * self.router(x).softmax(-1).amax(-1, keepdim=True)


@pytest.mark.parametrize("fmt", BLOCK_FORMATS)
def test_a_model_answers_as_with_the_rounded_numbers(fmt, tmp_path):
    from hearth.export import save

    model, ids = Attending().eval(), torch.randint(0, 100, (9,))
    save(tmp_path / "m.pt2", model, (ids,), quant=fmt)
    for layer in (model.query, model.key, model.out, model.table):
        layer.weight.data = dequantize_blocks(quantize_blocks(layer.weight, fmt), fmt, *layer.weight.shape)
    ids = torch.randint(0, 100, (9,))
    expected = model(ids).detach().numpy()
    (answer,) = run_method(tmp_path / "m.pt2", "forward", [ids.numpy()], tmp_path)
    assert np.abs(answer - expected).max() <= 1e-4 * np.abs(expected).max()
    assert hearth("verify", tmp_path / "m.pt2").returncode == 0


def test_rounded_weights_go_with_narrow_numbers(tmp_path):
    from hearth.export import save

    model, ids = Attending().eval(), torch.randint(0, 100, (9,))
    save(tmp_path / "m.pt2", model, (ids,), quant="q8", dtype=torch.bfloat16)
    expected = model(ids).detach().numpy()
    (answer,) = run_method(tmp_path / "m.pt2", "forward", [ids.numpy()], tmp_path)
    assert np.abs(answer - expected).max() <= 5e-2 * np.abs(expected).max()
