"""Weights as records: each distinct storage once, whatever methods and targets use it."""

import ctypes
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from hearth.export.zip_writer import WEIGHT_ALIGNMENT, Record

WEIGHT, CONSTANT = "weights/weight", "constants/tensor"
WEIGHT_FORMATS = {torch.float32: "f32", torch.bfloat16: "bf16", torch.float16: "f16", torch.int8: "i8"}


def dtype_name(dtype: torch.dtype) -> str:
    """The manifest's name of a dtype: "float32"."""
    return str(dtype).removeprefix("torch.")


def storage_bytes(tensor: Tensor) -> memoryview:
    """The whole storage behind a CPU tensor, in place. Valid while the tensor lives."""
    storage = tensor.untyped_storage()
    if storage.nbytes() == 0:
        return memoryview(b"")
    buffer = (ctypes.c_ubyte * storage.nbytes()).from_address(storage.data_ptr())
    return memoryview(buffer).cast("B")


@dataclass(frozen=True)
class StoredTensor:
    """A view into a record: what the manifest says of a tensor. Offsets in bytes, strides in elements."""

    record: str
    offset: int
    dtype: torch.dtype
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def manifest(self) -> dict:
        return {
            "record": self.record,
            "offset": self.offset,
            "dtype": dtype_name(self.dtype),
            "format": WEIGHT_FORMATS.get(self.dtype, "raw"),
            "shape": list(self.shape),
            "strides": list(self.strides),
        }


class WeightStore:
    """Collects the tensors of all methods and targets of one archive."""

    def __init__(self) -> None:
        self.tensors: dict[str, StoredTensor] = {}
        self._records: dict[str, list[Record]] = {WEIGHT: [], CONSTANT: []}
        self._paths: dict[tuple[str, torch.dtype, int | bytes], str] = {}
        self._names: dict[StoredTensor, str] = {}
        self._alive: list[Tensor] = []

    def add(self, name: str, tensor: Tensor, method: str, kind: str | None = None) -> str:
        """Stores `tensor` unless its bytes are there already. Returns its name in the manifest: `name`, or
        "method.name" where another method calls a different tensor so; an equal view keeps its first name. `kind` as
        in stored()."""
        stored = self.stored(tensor, kind)
        if stored in self._names:
            return self._names[stored]
        if name in self.tensors:
            name = f"{method}.{name}"
        self.tensors[name] = stored
        self._names[stored] = name
        return name

    def stored(self, tensor: Tensor, kind: str | None = None) -> StoredTensor:
        """Where the tensor's bytes lie; its record is made when it is new. `kind`: WEIGHT or CONSTANT for a record that
        torch's reader will look for in that folder, None for any that holds the bytes."""
        offset = tensor.storage_offset() * tensor.element_size()
        return StoredTensor(
            self._record(tensor, kind), offset, tensor.dtype, tuple(tensor.shape), tuple(tensor.stride())
        )

    def name_of(self, tensor: Tensor) -> str | None:
        """The name in the manifest of a tensor that was added; None for others."""
        return self._names.get(self.stored(tensor))

    def records(self) -> list[Record]:
        """Weights first, then constants, in the order of their numbers."""
        return [record for kind in (WEIGHT, CONSTANT) for record in self._records[kind]]

    def _record(self, tensor: Tensor, kind: str | None) -> str:
        kinds = (kind,) if kind else (WEIGHT, CONSTANT)
        address = tensor.untyped_storage().data_ptr()
        path = _first(self._paths.get((k, tensor.dtype, address)) for k in kinds)
        if path is not None:
            return path
        data = storage_bytes(tensor)
        digest = hashlib.sha256(data).digest()
        path = _first(self._paths.get((k, tensor.dtype, digest)) for k in kinds)
        kind = kind or CONSTANT
        if path is None:
            path = f"data/{kind}_{len(self._records[kind])}"
            self._records[kind].append(Record(path, data, WEIGHT_ALIGNMENT))
        self._paths[kind, tensor.dtype, digest] = path
        if address:
            self._paths[kind, tensor.dtype, address] = path
        # Addresses stay unique only while their tensors live.
        self._alive.append(tensor)
        return path


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value is not None), None)
