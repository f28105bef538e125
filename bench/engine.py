"""One engine with one model in a process of its own: says what loading took, then runs once for every line that arrives
on standard input and answers with the milliseconds.

usage: python bench/engine.py ENGINE MODEL_FILE THREADS INPUTS.npz ANSWER.npy
ENGINE: hearth:LIBHEARTH, onnxruntime, openvino:f32, openvino:default, executorch, torch:MODEL

Processes are apart because engines bring thread pools of their own, and because PyTorch's libraries export the names
that Hearth's compiled models import.
"""

import json
import os
import sys
import time
from collections.abc import Callable

import numpy as np


def start_hearth(library: str, model: str, threads: int, inputs: list[np.ndarray]) -> Callable[[], np.ndarray]:
    from hearth_c import Runner

    return Runner(library, model, threads, inputs).run


def start_onnxruntime(_: str, model: str, threads: int, inputs: list[np.ndarray]) -> Callable[[], np.ndarray]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feed = {entry.name: array for entry, array in zip(session.get_inputs(), inputs, strict=True)}
    return lambda: session.run(None, feed)[0]


def start_openvino(precision: str, model: str, threads: int, inputs: list[np.ndarray]) -> Callable[[], np.ndarray]:
    import openvino

    hints = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    if precision != "default":
        hints["INFERENCE_PRECISION_HINT"] = precision
    request = openvino.Core().compile_model(model, "CPU", hints).create_infer_request()
    feed = dict(enumerate(inputs))
    return lambda: request.infer(feed)[0]


def start_executorch(_: str, model: str, __: int, inputs: list[np.ndarray]) -> Callable[[], np.ndarray]:
    import torch
    from executorch.runtime import Runtime

    method = Runtime.get().load_program(model).load_method("forward")
    tensors = [torch.from_numpy(array) for array in inputs]
    return lambda: method.execute(tensors)[0].numpy()


def start_torch(name: str, _: str, threads: int, inputs: list[np.ndarray]) -> Callable[[], np.ndarray]:
    import torch
    from models import make

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    model, _ = make(name)
    tensors = [torch.from_numpy(array) for array in inputs]
    return lambda: model(*tensors).numpy()


ENGINES = {
    "hearth": start_hearth,
    "onnxruntime": start_onnxruntime,
    "openvino": start_openvino,
    "executorch": start_executorch,
    "torch": start_torch,
}


def main() -> None:
    engine, model, threads, source, target = sys.argv[1:]
    os.environ["OMP_NUM_THREADS"] = threads
    kind, _, detail = engine.partition(":")
    loaded = np.load(source)
    inputs = [loaded[name] for name in loaded.files]
    begin = time.perf_counter()
    run = ENGINES[kind](detail, model, int(threads), inputs)
    ready = time.perf_counter()
    answer = run()
    first = time.perf_counter()
    np.save(target, answer)
    print(json.dumps({"load_ms": (ready - begin) * 1e3, "first_run_ms": (first - ready) * 1e3}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        run()
        print((time.perf_counter() - start) * 1e3, flush=True)


if __name__ == "__main__":
    main()
