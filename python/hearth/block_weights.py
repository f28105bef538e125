"""Weights in blocks of few bits, as src/kernels/block_weights.h lays them out: rounding, packing, and back."""

import math

import torch
from torch import Tensor

BLOCK_FORMATS = ("q4", "q4-asym", "q8")
"""4 bits around 0, 4 bits from a minimum on, 8 bits around 0; each group of 32 depths of a row has a scale."""

_ROWS = 16
_GROUP = 32
_BLOCK_GROUPS = 2
_BLOCK = _GROUP * _BLOCK_GROUPS
# Rows that are rounded at once: what they make stays in the processor's cache.
_ROWS_AT_ONCE = 256
# What stands for 0, or beside a minimum of 0 does.
_ZEROS = {"q4": 8, "q4-asym": 0, "q8": 128}
# Scales and minimums are float16.
_LARGEST_WEIGHT = 65504
# How many steps of the scale the largest magnitude may take, and by what part of a group's range the ends move.
_NIBBLE_STEPS = (7.0, 7.25, 7.5, 7.75, 8.0, 8.25, 8.5, 8.75, 9.0)
_NARROWER = (0.0, 0.02, 0.04, 0.06, 0.08, 0.1)


def packed_shape(rows: int, depth: int, fmt: str) -> tuple[int, int, int]:
    """The shape of a packed [rows, depth] matrix: panels of 16 rows, blocks of 64 depths, bytes."""
    halves = _BLOCK_GROUPS * _ROWS * 2
    numbers = _ROWS * _BLOCK
    size = {"q4": halves + numbers // 2, "q4-asym": 2 * halves + numbers // 2, "q8": halves + numbers}[fmt]
    return (-(-rows // _ROWS), -(-depth // _BLOCK), size)


@torch.no_grad()
def quantize_blocks(weight: Tensor, fmt: str) -> Tensor:
    """A floating-point matrix [rows, depth] rounded and packed: uint8 of packed_shape(). Scales (and minimums) are
    those of several candidates that leave the least squared error of each group. ValueError where a weight is not
    finite or too large for a scale in half precision."""
    rows, depth = weight.shape
    packed = torch.empty(packed_shape(rows, depth, fmt), dtype=torch.uint8)
    for first in range(0, rows, _ROWS_AT_ONCE):
        part = weight[first : first + _ROWS_AT_ONCE].float()
        padded = part.new_zeros(-(-part.shape[0] // _ROWS) * _ROWS, packed.shape[1] * _BLOCK)
        padded[: part.shape[0], :depth] = part
        groups = padded.view(padded.shape[0], -1, _GROUP)
        if not bool((part.abs() <= _LARGEST_WEIGHT).all()):
            raise ValueError("a weight is not finite, or too large for numbers of half precision")
        numbers, scales, minimums = _ROUNDINGS[fmt](groups)
        panel = first // _ROWS
        packed[panel : panel + padded.shape[0] // _ROWS] = pack_blocks(numbers, scales, minimums, fmt)
    return packed


def pack_matrix(numbers: Tensor, scales: Tensor, minimums: Tensor | None, fmt: str) -> Tensor:
    """Packs a matrix that is rounded already: numbers uint8 [rows, depth] as the format stores them, scales and
    minimums (q4-asym only) float16 [rows, groups of 32], or [rows, 1] for a row's. Returns uint8 of packed_shape()."""
    rows, depth = numbers.shape
    packed = torch.empty(packed_shape(rows, depth, fmt), dtype=torch.uint8)
    shape = (packed.shape[0] * _ROWS, packed.shape[1] * _BLOCK)
    filled = numbers.new_full(shape, _ZEROS[fmt])
    filled[:rows, :depth] = numbers

    def halves(values: Tensor) -> Tensor:
        every = values.new_zeros(shape[0], shape[1] // _GROUP)
        every[:rows, : -(-depth // _GROUP)] = values
        return every

    groups = filled.view(shape[0], -1, _GROUP)
    return pack_blocks(groups, halves(scales), None if minimums is None else halves(minimums), fmt)


def pack_blocks(numbers: Tensor, scales: Tensor, minimums: Tensor | None, fmt: str) -> Tensor:
    """Packs what is rounded already: numbers uint8 [rows, groups, 32], scales and minimums (q4-asym only) float16
    [rows, groups]; rows a multiple of 16, groups of 2."""
    panels, blocks = numbers.shape[0] // _ROWS, numbers.shape[1] // _BLOCK_GROUPS

    def halves(values: Tensor) -> Tensor:
        ordered = values.view(panels, _ROWS, blocks, _BLOCK_GROUPS).permute(0, 2, 3, 1)
        return ordered.contiguous().view(torch.uint8).reshape(panels, blocks, -1)

    if fmt != "q8":
        low, high = numbers.chunk(2, -1)
        numbers = low | high << 4
    quads = numbers.view(panels, _ROWS, blocks, _BLOCK_GROUPS, -1, 4).permute(0, 2, 3, 4, 1, 5)
    parts = [halves(scales), *([] if minimums is None else [halves(minimums)]), quads.reshape(panels, blocks, -1)]
    return torch.cat(parts, -1)


def dequantize_blocks(packed: Tensor, fmt: str, rows: int, depth: int) -> Tensor:
    """The numbers of a packed matrix: float32 [rows, depth]."""
    panels, blocks, _ = packed.shape
    size = _BLOCK_GROUPS * _ROWS * 2

    def halves(index: int) -> Tensor:
        values = packed[..., index * size : (index + 1) * size].contiguous().view(torch.float16).float()
        return values.view(panels, blocks, _BLOCK_GROUPS, _ROWS, 1).permute(0, 3, 1, 2, 4)

    numbers = packed[..., size * (2 if fmt == "q4-asym" else 1) :]
    numbers = numbers.reshape(panels, blocks, _BLOCK_GROUPS, -1, _ROWS, 4).permute(0, 4, 1, 2, 3, 5)
    numbers = numbers.reshape(panels, _ROWS, blocks, _BLOCK_GROUPS, -1)
    if fmt != "q8":
        numbers = torch.cat([numbers & 15, numbers >> 4], -1)
    if fmt == "q4-asym":
        values = numbers.float() * halves(0) + halves(1)
    else:
        values = (numbers.float() - (128 if fmt == "q8" else 8)) * halves(0)
    return values.reshape(panels * _ROWS, blocks * _BLOCK)[:rows, :depth]


def _half(values: Tensor) -> Tensor:
    return values.to(torch.float16)


def _inverse(scales: Tensor) -> Tensor:
    return torch.where(scales == 0, 0.0, 1 / scales)


def _nibbles(groups: Tensor) -> tuple[Tensor, Tensor, None]:
    """Symmetric: the element of the largest magnitude becomes -8 or nearly so. Of several scales the one whose
    least-squares correction explains most of the group."""
    largest = groups.gather(-1, groups.abs().argmax(-1, keepdim=True))
    best = torch.full_like(largest, -math.inf)
    scales = torch.zeros_like(largest)
    for steps in _NIBBLE_STEPS:
        numbers = (groups * _inverse(largest / -steps)).round_().clamp_(-8, 7)
        product = (groups * numbers).sum(-1, keepdim=True)
        square = (numbers * numbers).sum(-1, keepdim=True)
        explained = product * product * _inverse(square)
        better = explained > best
        best = torch.where(better, explained, best)
        scales = torch.where(better, product * _inverse(square), scales)
    scales = _half(scales)
    numbers = (groups * _inverse(scales.float())).round_().clamp_(-8, 7) + 8
    return numbers.to(torch.uint8), scales.squeeze(-1), None


def _nibbles_from_minimum(groups: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Between a minimum and a maximum, which may cut off what lies farthest out."""
    low, high = groups.amin(-1, keepdim=True), groups.amax(-1, keepdim=True)
    best = torch.full_like(low, math.inf)
    scales, minimums = torch.zeros_like(low), torch.zeros_like(low)
    for narrower in _NARROWER:
        margin = narrower * (high - low)
        # As they will be stored.
        minimum = _half(low + margin).float()
        scale = _half((high - low - 2 * margin) / 15).float()
        numbers = ((groups - minimum) * _inverse(scale)).round_().clamp_(0, 15)
        error = (groups - minimum - numbers * scale).square_().sum(-1, keepdim=True)
        better = error < best
        best = torch.where(better, error, best)
        scales, minimums = torch.where(better, scale, scales), torch.where(better, minimum, minimums)
    numbers = ((groups - minimums) * _inverse(scales)).round_().clamp_(0, 15)
    return numbers.to(torch.uint8), _half(scales).squeeze(-1), _half(minimums).squeeze(-1)


def _bytes(groups: Tensor) -> tuple[Tensor, Tensor, None]:
    scales = _half(groups.abs().amax(-1, keepdim=True) / 127)
    numbers = (groups * _inverse(scales.float())).round_().clamp_(-127, 127) + 128
    return numbers.to(torch.uint8), scales.squeeze(-1), None


_ROUNDINGS = {"q4": _nibbles, "q4-asym": _nibbles_from_minimum, "q8": _bytes}
