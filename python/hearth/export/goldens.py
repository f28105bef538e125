"""Real inputs and what eager PyTorch answered, as .npy, with tolerances that fit the dtype."""

import io
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hearth.export.accuracy import largest_element
from hearth.export.zip_writer import Record

_RELATIVE = {
    torch.float64: 1e-9,
    torch.float32: 1e-4,
    torch.float16: 4e-3,
    torch.bfloat16: 3e-2,
    torch.complex64: 1e-4,
    torch.complex128: 1e-9,
}


def to_npy(tensor: Tensor) -> bytes:
    """A tensor as an .npy file, row-major. numpy has no bfloat16: its two bytes are written as "|V2"."""
    dense = tensor.detach().cpu().contiguous()
    if dense.dtype == torch.bfloat16:
        array = dense.view(torch.int16).numpy().view("V2").reshape(dense.shape)
    else:
        array = dense.numpy()
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
    return file.getvalue()


def tolerance(expected: Tensor, precision: torch.dtype = torch.float32, allowance: float = 0.0) -> tuple[float, float]:
    """(atol, rtol) for a golden output: a fraction of its largest finite element, by its dtype or, when that is less
    precise, by the dtype that float32 models compute in, and `allowance` at least; integers must match."""
    relative = _RELATIVE.get(expected.dtype, 0.0)
    if expected.dtype in (torch.float32, torch.complex64):
        relative = max(_RELATIVE[precision], allowance)
    if relative == 0.0:
        return 0.0, 0.0
    return relative * max(largest_element(expected), float(torch.finfo(torch.float32).tiny)), relative


@dataclass
class Golden:
    """One case of one method: the flat tensor inputs and the flat outputs of eager PyTorch. `precision`: what the
    exported method computes in where the model says float32; `allowance`: how far from eager PyTorch quantised layers
    may lead, relative to the largest element."""

    method: str
    case: str
    inputs: list[Tensor]
    outputs: list[Tensor]
    precision: torch.dtype = torch.float32
    allowance: float = 0.0

    def records(self) -> list[Record]:
        """The .npy files, inputs first."""
        return [
            Record(self._path(kind, i), to_npy(tensor))
            for kind, tensors in (("input", self.inputs), ("output", self.outputs))
            for i, tensor in enumerate(tensors)
        ]

    def manifest(self) -> dict:
        """The golden's entry in the manifest."""
        outputs = []
        for i, tensor in enumerate(self.outputs):
            atol, rtol = tolerance(tensor, self.precision, self.allowance)
            outputs.append({"record": self._path("output", i), "atol": atol, "rtol": rtol})
        inputs = [self._path("input", i) for i in range(len(self.inputs))]
        return {"method": self.method, "case": self.case, "inputs": inputs, "outputs": outputs}

    def _path(self, kind: str, index: int) -> str:
        return f"extra/goldens/{self.method}/{self.case}/{kind}_{index}.npy"
