"""Runs a method of a .pt2 file whenever a line arrives on standard input, and answers with the milliseconds it took.

A process of its own, through the C face: PyTorch's libraries, which other engines bring along, export the same names
that compiled models import.

usage: python bench/hearth_child.py LIBHEARTH MODEL THREADS INPUT.npy OUTPUT.npy
"""

import ctypes
import sys
import time

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


FLOAT32 = 6


class Runner:
    """One session of a model with one float32 input and one float32 output."""

    def __init__(self, library: str, model: str, threads: int, x: np.ndarray) -> None:
        self.hearth, self.error = ctypes.CDLL(library), Error()
        self.hearth.hearth_tensor_data.restype = ctypes.c_void_p
        self.hearth.hearth_tensor_byte_count.restype = ctypes.c_size_t
        handle, self.session, self.input = (ctypes.c_void_p() for _ in range(3))
        options = Options(ctypes.sizeof(Options), None, None, threads)
        self.call("hearth_model_open", model.encode(), ctypes.byref(options), ctypes.byref(handle))
        self.call("hearth_session_create", handle, ctypes.byref(self.session))
        self.x = np.ascontiguousarray(x, np.float32)
        shape = (ctypes.c_int64 * x.ndim)(*x.shape)
        data = self.x.ctypes.data_as(ctypes.c_void_p)
        self.call("hearth_tensor_borrow", FLOAT32, shape, ctypes.c_size_t(x.ndim), data, ctypes.byref(self.input))

    def call(self, name: str, *arguments) -> None:
        if getattr(self.hearth, name)(*arguments, ctypes.byref(self.error)) != 0:
            raise RuntimeError(self.error.message.decode())

    def run(self) -> np.ndarray:
        """The output, flat."""
        inputs, outputs = (ctypes.c_void_p * 1)(self.input), (ctypes.c_void_p * 1)()
        one = ctypes.c_size_t(1)
        self.call("hearth_session_run", self.session, b"forward", None, inputs, one, outputs, one)
        output = ctypes.c_void_p(outputs[0])
        size = self.hearth.hearth_tensor_byte_count(output)
        values = np.frombuffer(ctypes.string_at(self.hearth.hearth_tensor_data(output), size), np.float32)
        self.hearth.hearth_tensor_free(output)
        return values


def main() -> None:
    library, model, threads, source, target = sys.argv[1:]
    runner = Runner(library, model, int(threads), np.load(source))
    np.save(target, runner.run())
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        runner.run()
        print((time.perf_counter() - start) * 1e3, flush=True)


if __name__ == "__main__":
    main()
