"""Runs a method of a .pt2 file through the C face."""

import ctypes

import numpy as np


class Options(ctypes.Structure):
    """hearth_model_options"""

    _fields_ = (
        ("struct_size", ctypes.c_size_t),
        ("device", ctypes.c_char_p),
        ("target", ctypes.c_char_p),
        ("threads", ctypes.c_int32),
    )


class Error(ctypes.Structure):
    """hearth_error"""

    _fields_ = (("code", ctypes.c_int), ("message", ctypes.c_char * 1020))


DTYPES = {np.dtype(np.float32): 6, np.dtype(np.int64): 4}


class Runner:
    """One session of a model with some inputs and one float32 output."""

    def __init__(self, library: str, model: str, threads: int, inputs: list[np.ndarray]) -> None:
        self.hearth, self.error = ctypes.CDLL(library), Error()
        self.hearth.hearth_tensor_data.restype = ctypes.c_void_p
        self.hearth.hearth_tensor_byte_count.restype = ctypes.c_size_t
        handle, self.session = ctypes.c_void_p(), ctypes.c_void_p()
        options = Options(ctypes.sizeof(Options), None, None, threads)
        self.call("hearth_model_open", model.encode(), ctypes.byref(options), ctypes.byref(handle))
        self.call("hearth_session_create", handle, ctypes.byref(self.session))
        self.arrays = [np.ascontiguousarray(array) for array in inputs]
        self.inputs = (ctypes.c_void_p * len(inputs))(*(self.borrow(array) for array in self.arrays))

    def borrow(self, array: np.ndarray) -> int | None:
        tensor = ctypes.c_void_p()
        shape = (ctypes.c_int64 * array.ndim)(*array.shape)
        data = array.ctypes.data_as(ctypes.c_void_p)
        rank = ctypes.c_size_t(array.ndim)
        self.call("hearth_tensor_borrow", DTYPES[array.dtype], shape, rank, data, ctypes.byref(tensor))
        return tensor.value

    def call(self, name: str, *arguments) -> None:
        if getattr(self.hearth, name)(*arguments, ctypes.byref(self.error)) != 0:
            raise RuntimeError(self.error.message.decode())

    def run(self) -> np.ndarray:
        """The output, flat."""
        outputs = (ctypes.c_void_p * 1)()
        counts = ctypes.c_size_t(len(self.arrays)), ctypes.c_size_t(1)
        self.call("hearth_session_run", self.session, b"forward", None, self.inputs, counts[0], outputs, counts[1])
        output = ctypes.c_void_p(outputs[0])
        size = self.hearth.hearth_tensor_byte_count(output)
        values = np.frombuffer(ctypes.string_at(self.hearth.hearth_tensor_data(output), size), np.float32)
        self.hearth.hearth_tensor_free(output)
        return values
