"""How far answers are from eager PyTorch's, for people to read."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Accuracy:
    """Of one method, on its example. `error`: the largest difference, as a fraction of the output's largest element;
    `largest`: that element of each output, 0 where there is none; `agreeing`, `rows`: of a sole output [rows, classes],
    the rows whose largest element is where PyTorch has it."""

    error: float
    largest: list[float]
    agreeing: int = 0
    rows: int = 0


def accuracy(measured: list[Tensor], expected: list[Tensor]) -> Accuracy:
    """Compares flat outputs of equal shapes. Equal infinities and NaNs do not count."""
    largest = [largest_element(want) for want in expected]
    errors = [
        relative(_largest_difference(got, want), most)
        for got, want, most in zip(measured, expected, largest, strict=True)
    ]
    result = Accuracy(max(errors, default=0.0), largest)
    if len(expected) == 1 and expected[0].dim() == 2 and expected[0].is_floating_point() and expected[0].numel() > 0:
        result.agreeing = int((measured[0].argmax(-1) == expected[0].argmax(-1)).sum())
        result.rows = len(expected[0])
    return result


def largest_element(tensor: Tensor) -> float:
    """The largest finite absolute value; 0 where there is none."""
    wide = tensor if tensor.is_complex() else tensor.double()
    magnitude = wide.detach().abs()
    finite = magnitude[torch.isfinite(magnitude)]
    return float(finite.max()) if finite.numel() else 0.0


def relative(difference: float, largest: float) -> float:
    """A difference as a fraction of an output's largest element, or itself where all elements are 0."""
    return difference / largest if largest > 0 else difference


def _largest_difference(got: Tensor, want: Tensor) -> float:
    if want.numel() == 0:
        return 0.0
    wide = torch.complex128 if want.is_complex() else torch.float64
    difference = (got.to(wide) - want.to(wide)).abs()
    same = (got == want) | (torch.isnan(got) & torch.isnan(want))
    return float(difference.masked_fill(same, 0.0).max())
