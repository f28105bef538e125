"""Weights that torchao rounded already, as blocks that hold the same numbers."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from hearth.block_weights import pack_matrix

_GROUP = 32
_MIDDLE_OF_NIBBLES, _MIDDLE_OF_BYTES = 8, 128
# As parts of themselves: what rounding scales to float16 may cost, twice its half step.
_SCALE_ERROR = 2.0**-10
# In steps of the scale: what rounding minimums to float16 may cost.
_MINIMUM_ERROR = 2.0**-4


@dataclass(frozen=True)
class RoundedWeight:
    """weight = (number - zero) · scale: numbers int8 [rows, depth] of `bits` bits, scales and zeros (any, not only
    integers) float32 [rows, groups]. `fmt`: which of BLOCK_FORMATS holds it."""

    numbers: Tensor
    scales: Tensor
    zeros: Tensor
    bits: int
    fmt: str = ""

    def dequantized(self) -> Tensor:
        """float32 [rows, depth]."""
        return ((self._grouped() - self.zeros.unsqueeze(-1)) * self.scales.unsqueeze(-1)).view(self.numbers.shape)

    def pack(self) -> Tensor:
        """In blocks, as block_weights.packed_shape() says."""
        numbers = self._stored_numbers().to(torch.uint8).view(self.numbers.shape)
        minimums = self._minimums() if self.fmt == "q4-asym" else None
        groups_of_blocks = self._group_depth() // _GROUP if self.scales.shape[1] > 1 else 1
        scales, minimums = (
            None if values is None else values.half().repeat_interleave(groups_of_blocks, 1)
            for values in (self.scales, minimums)
        )
        return pack_matrix(numbers, scales, minimums, self.fmt)

    def in_blocks(self) -> "RoundedWeight | None":
        """With the format that holds it. None where groups are not whole ones of 32, or numbers, scales or minimums do
        not fit a format's."""
        if self.scales.shape[1] > 1 and self._group_depth() % _GROUP != 0:
            return None
        few = self.bits <= 4
        found = replace(self, fmt="q8" if not few else "q4-asym" if self.zeros.any() else "q4")
        return found if (few or found._fit_bytes()) and found._fit_halves() else None

    def _group_depth(self) -> int:
        return self.numbers.shape[1] // self.scales.shape[1]

    def _grouped(self) -> Tensor:
        return self.numbers.view(self.numbers.shape[0], self.scales.shape[1], -1)

    def _stored_numbers(self) -> Tensor:
        """As the format stores them, in groups. The zero points of more than 4 bits go into the numbers."""
        if self.fmt == "q8":
            return self._grouped().short() - self.zeros.short().unsqueeze(-1) + _MIDDLE_OF_BYTES
        return self._grouped() + (_MIDDLE_OF_NIBBLES if self.fmt == "q4" else -self._lowest())

    def _minimums(self) -> Tensor:
        return (self._lowest() - self.zeros) * self.scales

    def _lowest(self) -> int:
        return -(1 << self.bits - 1)

    def _fit_bytes(self) -> bool:
        whole = (self.zeros == self.zeros.round()) & (self.zeros.abs() <= _MIDDLE_OF_BYTES)
        if not bool(whole.all()):
            return False
        low, high = self._stored_numbers().aminmax()
        return int(low) >= 0 and int(high) < 2 * _MIDDLE_OF_BYTES

    def _fit_halves(self) -> bool:
        """True where float16 holds scales and minimums well enough. Scales of groups that are 0 do not matter."""
        close = (self.scales.half().float() - self.scales).abs() <= _SCALE_ERROR * self.scales.abs()
        if self.fmt == "q4-asym":
            minimums = self._minimums()
            close &= (minimums.half().float() - minimums).abs() <= _MINIMUM_ERROR * self.scales.abs()
        return bool(close.all()) or bool((close | (self._grouped() == self.zeros.unsqueeze(-1)).all(-1)).all())


class RoundedWeights:
    """What is known of the plain tensors that stand in for rounded ones while a model is traced. The tensors and facts
    of a model are kept, so that its methods share them."""

    def __init__(self) -> None:
        self._by_tensor: dict[int, tuple[Tensor, Tensor]] = {}
        self._by_place: dict[tuple[int, torch.Size], RoundedWeight] = {}

    def __bool__(self) -> bool:
        return bool(self._by_place)

    def of(self, weight: Tensor) -> RoundedWeight | None:
        """What the matrix that `weight` is, or shares its memory with, was rounded to."""
        return self._by_place.get((weight.data_ptr(), weight.shape))

    @contextlib.contextmanager
    def as_plain_tensors(self, module: nn.Module) -> Iterator[None]:
        """Gives layers and tables whose weights torchao rounded, and blocks can hold, plain weights of the same
        numbers: nothing rounds what they are multiplied by."""
        kept = []
        for part in module.modules():
            if isinstance(part, (nn.Linear, nn.Embedding)) and (plain := self._plain(part.weight)) is not None:
                kept.append((part, part.weight))
                part._parameters["weight"] = plain
        try:
            yield
        finally:
            for part, weight in kept:
                part._parameters["weight"] = weight

    def _plain(self, weight: Tensor) -> Tensor | None:
        if id(weight) not in self._by_tensor:
            rounded = _read(weight)
            if rounded is None:
                return None
            plain = nn.Parameter(rounded.dequantized().to(weight.dtype), requires_grad=False)
            # Both are kept: their addresses identify them.
            self._by_tensor[id(weight)] = (plain, weight)
            self._by_place[plain.data_ptr(), plain.shape] = rounded
        return self._by_tensor[id(weight)][0]


def _read(weight: Tensor) -> RoundedWeight | None:
    """None for what is no matrix of torchao's integers, or one that blocks cannot hold."""
    reader = _READERS.get(type(weight).__name__)
    if reader is None or not type(weight).__module__.startswith("torchao.") or weight.dim() != 2:
        return None
    with torch.no_grad():
        found = reader(weight)
        return None if found is None else found.in_blocks()


def _of_integers(weight: Tensor) -> RoundedWeight | None:
    """IntxUnpackedToInt8Tensor: 1 to 8 bits, a byte each."""
    bits = int(str(weight.target_dtype).removeprefix("torch.int"))
    return _per_row(weight.qdata, weight.scale, weight.zero_point, weight.block_size, bits)


def _of_bytes(weight: Tensor) -> RoundedWeight | None:
    """Int8Tensor, but those whose operand is scaled, or rounded with a scale that was learned."""
    if weight.act_pre_scale is not None or weight.act_quant_scale is not None:
        return None
    return _per_row(weight.qdata, weight.scale, weight.zero_point, weight.block_size, 8)


def _of_nibbles(weight: Tensor) -> RoundedWeight | None:
    """Int4Tensor: two numbers of -8 to 7 in a byte, the first in its low half; weight = number · scale + zero_point,
    both [groups, rows]."""
    if weight.act_pre_scale is not None:
        return None
    pairs = weight.qdata.view(torch.int8)
    numbers = torch.stack([pairs << 4 >> 4, pairs >> 4], -1).flatten(-2)
    scales, offsets = weight.scale.t().float(), weight.zero_point.t().float()
    return RoundedWeight(numbers, scales, torch.where(scales == 0, 0.0, -offsets / scales), 4)


_READERS = {"IntxUnpackedToInt8Tensor": _of_integers, "Int8Tensor": _of_bytes, "Int4Tensor": _of_nibbles}


def _per_row(
    numbers: Tensor, scale: Tensor, zero: Tensor | None, block: tuple[int, int], bits: int
) -> RoundedWeight | None:
    """From blocks of several rows, or one, to groups of one."""
    rows, depth = numbers.shape
    shape = (rows // block[0], depth // block[1])
    if scale.numel() != shape[0] * shape[1] or (zero is not None and zero.numel() != scale.numel()):
        return None
    zero = torch.zeros_like(scale) if zero is None else zero
    scales, zeros = (values.float().reshape(shape).repeat_interleave(block[0], 0) for values in (scale, zero))
    return RoundedWeight(numbers, scales, zeros, bits)
