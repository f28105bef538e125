"""Memory of weights that lie in files."""

import ctypes
import mmap
import sys

from torch import Tensor

_LARGE = 1 << 20
_MADV_PAGEOUT = 21


def give_back(tensor: Tensor) -> None:
    """Lets the system have the pages of a large tensor that lies in a mapped file, as safetensors' do; they are read
    again when they are used. Others stay where they are. Does nothing but on Linux."""
    if tensor.nbytes < _LARGE or sys.platform != "linux" or tensor.device.type != "cpu":
        return
    start = -(-tensor.data_ptr() // mmap.PAGESIZE) * mmap.PAGESIZE
    length = (tensor.data_ptr() + tensor.nbytes - start) // mmap.PAGESIZE * mmap.PAGESIZE
    # Advice only: where it is not known, nothing happens.
    ctypes.CDLL(None).madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), _MADV_PAGEOUT)
