"""Resizing with antialiasing, and sampling of volumes, as PyTorch computes them (ATen/native/cpu/UpSampleKernel.cpp,
ATen/native/GridSampler.cpp), written in operators that Inductor makes code of."""

from collections.abc import Callable, Sequence
from itertools import product

import torch
from torch import Tensor


def _triangle(x: Tensor) -> Tensor:
    return (1 - x.abs()).clamp(min=0)


def _cubic(x: Tensor) -> Tensor:
    """Keys' kernel with a = -0.5."""
    x = x.abs()
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, 0))


_FILTERS: dict[str, tuple[Callable[[Tensor], Tensor], float]] = {"bilinear": (_triangle, 1.0), "bicubic": (_cubic, 2.0)}
"""Kernels and how far they reach."""


def resize_antialiased(
    image: Tensor, size: Sequence[int], kind: str, align_corners: bool, factors: Sequence[float | None]
) -> Tensor:
    """torch.nn.functional.interpolate(antialias=True).

    image: [N, C, H, W], floating. size: the result's height and width. kind: "bilinear" or "bicubic". factors: by
    which sides grow, where they are not size over the image's. Returns [N, C, *size] in image's dtype; NotImplemented
    for integers, which PyTorch computes by other rules."""
    if not image.is_floating_point():
        return NotImplemented
    rows, columns = (
        _line_weights(image.shape[2 + side], size[side], kind, align_corners, factors[side], image) for side in (0, 1)
    )
    across = image.to(columns.dtype) @ columns.t()
    return (rows @ across).to(image.dtype)


def _line_weights(
    length: int, size: int, kind: str, align_corners: bool, factor: float | None, image: Tensor
) -> Tensor:
    """[size, length]: what each element of a line gives to each of the result, in the image's dtype or float32."""
    kernel, reach = _FILTERS[kind]
    # A step of the result in elements of the line, as a fraction: sizes may be symbols.
    if align_corners:
        step = (length - 1, size - 1) if size > 1 else (0, 1)
    else:
        step = (1.0, factor) if factor is not None and factor > 0 else (length, size)
    stretch = torch.sym_max(*step)
    centers = (torch.arange(size, dtype=torch.float64, device=image.device) + 0.5).unsqueeze(1) * step[0] / step[1]
    support = torch.full((), reach, dtype=torch.float64, device=image.device) * stretch / step[1]
    elements = torch.arange(length, dtype=torch.float64, device=image.device)
    first = (centers - support + 0.5).trunc().clamp(min=0)
    end = (centers + support + 0.5).trunc().clamp(max=length)
    weights = kernel((elements + 0.5 - centers) * step[1] / stretch)
    weights = torch.where((elements >= first) & (elements < end), weights, 0)
    return (weights / weights.sum(1, keepdim=True)).to(torch.promote_types(image.dtype, torch.float32))


def sample_volume(volume: Tensor, grid: Tensor, interpolation: int, padding: int, align_corners: bool) -> Tensor:
    """torch.nn.functional.grid_sample of volumes.

    volume: [N, C, D, H, W]. grid: [N, D', H', W', 3], positions (x, y, z) from -1 to 1. interpolation: 0 linear,
    1 nearest. padding, for positions outside: 0 zeros, 1 the border's values, 2 reflections. Returns
    [N, C, D', H', W']."""
    # Sizes are (D, H, W), coordinates (x, y, z).
    positions = [
        _inside(_position(grid[..., axis], volume.shape[4 - axis], align_corners), volume.shape[4 - axis], padding,
                align_corners)
        for axis in (2, 1, 0)
    ]  # fmt: skip
    if interpolation == 1:
        return _elements(volume, [position.round() for position in positions])
    floors = [position.floor() for position in positions]
    result = None
    for corner in product((0, 1), repeat=3):
        weight = None
        for position, floor, step in zip(positions, floors, corner, strict=True):
            part = position - floor if step else floor + 1 - position
            weight = part if weight is None else weight * part
        term = _elements(volume, [floor + step for floor, step in zip(floors, corner, strict=True)])
        term = term * weight.unsqueeze(1)
        result = term if result is None else result + term
    return result


def _position(coordinate: Tensor, length: int, align_corners: bool) -> Tensor:
    """From -1…1 to elements."""
    if align_corners:
        return (coordinate + 1) / 2 * (length - 1)
    return ((coordinate + 1) * length - 1) / 2


def _inside(position: Tensor, length: int, padding: int, align_corners: bool) -> Tensor:
    if padding == 2:
        low, high = (0, length - 1) if align_corners else (-0.5, length - 0.5)
        position = _reflect(position, low, high)
    return position.clamp(0, length - 1) if padding else position


def _reflect(position: Tensor, low: float, high: float) -> Tensor:
    """Folded back at both ends as often as it takes."""
    span = high - low
    if span == 0:
        return torch.zeros_like(position)
    distance = (position - low).abs()
    rest = torch.fmod(distance, span)
    even = torch.fmod((distance / span).floor(), 2) == 0
    return torch.where(even, rest + low, span - rest + low)


def _elements(volume: Tensor, position: list[Tensor]) -> Tensor:
    """volume[n, :, z, y, x] as [N, C, D', H', W'], 0 for what lies outside."""
    inside, indices = None, []
    for coordinate, length in zip(position, volume.shape[2:], strict=True):
        fits = (coordinate >= 0) & (coordinate <= length - 1)
        inside = fits if inside is None else inside & fits
        indices.append(torch.where(fits, coordinate, 0).to(torch.int64))
    batch = torch.arange(volume.shape[0], device=volume.device).view(-1, 1, 1, 1)
    chosen = volume.permute(0, 2, 3, 4, 1)[batch, indices[0], indices[1], indices[2]]
    return torch.where(inside.unsqueeze(-1), chosen, 0).permute(0, 4, 1, 2, 3)
