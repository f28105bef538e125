"""ResNet-50 with random weights, batch 1: Hearth beside the engines that a desktop user would pick, interleaved in one
run. Prints a line for each and writes a dated result file.

usage: python bench/resnet50.py [--rounds 40] [--threads 2] [--libhearth build/src/library/libhearth.so]
Wants an environment of its own: bench/requirements.txt. The project's .venv exports the model on the first run.
"""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "bench"
RESULTS = ROOT / "bench" / "results"


def make_model():
    """The seeded model, as a Hugging Face model and as a module from pixels to logits, in evaluation mode."""
    import torch
    from transformers import ResNetConfig, ResNetForImageClassification

    torch.manual_seed(0)
    model = ResNetForImageClassification(ResNetConfig(num_labels=1000)).eval()

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, x):
            return self.model(x).logits

    return model, Logits().eval()


def hearth_file(model) -> Path:
    """The .pt2 file of the seeded weights."""
    folder, path = WORK / "resnet50", WORK / "resnet50.pt2"
    if not path.exists():
        model.save_pretrained(folder)
        settings = {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 224}, "crop_pct": 0.875}
        (folder / "preprocessor_config.json").write_text(json.dumps(settings))
        command = [ROOT / ".venv" / "bin" / "python", "-m", "hearth.export", folder, "-o", path]
        subprocess.run(command, check=True)
    return path


def start_hearth(model, x, library: Path, threads: int):
    """A function that runs once and gives the milliseconds; the first answer."""
    import numpy as np

    source, target = WORK / "x.npy", WORK / "y.npy"
    np.save(source, x.numpy())
    child = Path(__file__).with_name("hearth_child.py")
    command = [sys.executable, child, library, hearth_file(model), str(threads), source, target]
    words = [str(word) for word in command]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n", "the Hearth process failed"

    def run() -> float:
        process.stdin.write("\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    return run, np.load(target).reshape(1, -1)


def timed(function: Callable) -> Callable[[], float]:
    def run() -> float:
        start = time.perf_counter()
        function()
        return (time.perf_counter() - start) * 1e3

    return run


def start_onnxruntime(logits, x, threads: int):
    import onnxruntime
    import torch

    path = WORK / "resnet50.onnx"
    if not path.exists():
        torch.onnx.export(logits, (x,), str(path), dynamo=True, external_data=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: x.numpy()}
    return timed(lambda: session.run(None, feed)), session.run(None, feed)[0]


def start_openvino(x, threads: int):
    import openvino

    hints = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(str(WORK / "resnet50.onnx"), "CPU", hints)
    request = compiled.create_infer_request()
    feed = {0: x.numpy()}
    return timed(lambda: request.infer(feed)), request.infer(feed)[0]


def start_executorch(logits, x):
    import torch
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower
    from executorch.runtime import Runtime

    path = WORK / "resnet50.pte"
    if not path.exists():
        program = torch.export.export(logits, (x,))
        lowered = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()])
        path.write_bytes(lowered.to_executorch().buffer)
    method = Runtime.get().load_program(str(path)).load_method("forward")
    return timed(lambda: method.execute([x])), method.execute([x])[0].numpy()


def measure(runs: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each run, one of each a round; a pause lets the threads of the one before fall asleep."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for round_number in range(-3, rounds):
        for name, run in runs.items():
            time.sleep(0.02)
            elapsed = run()
            if round_number >= 0:
                times[name].append(elapsed)
    return times


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--libhearth", type=Path, default=ROOT / "build" / "src" / "library" / "libhearth.so")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    import numpy as np
    import torch

    WORK.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    model, logits = make_model()
    x = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = logits(x).numpy()
        started = {
            "hearth": start_hearth(model, x, options.libhearth, options.threads),
            "onnxruntime": start_onnxruntime(logits, x, options.threads),
            "openvino f32": start_openvino(x, options.threads),
            "executorch xnnpack": start_executorch(logits, x),
            "torch eager": (timed(lambda: logits(x)), expected),
        }
        for name, (_, answer) in started.items():
            error = np.abs(answer - expected).max() / np.abs(expected).max()
            if error > 1e-4:
                sys.exit(f"{name} answers wrongly: {error:.1e} of the largest logit")
        times = measure({name: run for name, (run, _) in started.items()}, options.rounds)

    medians = {name: statistics.median(values) for name, values in times.items()}
    fastest = min(value for name, value in medians.items() if name != "hearth")
    for name, values in times.items():
        print(f"{name:20s} median {medians[name]:7.1f} ms   min {min(values):7.1f}   {medians[name] / fastest:.2f}x")
    now = datetime.datetime.now(datetime.UTC)
    result = {"date": now.isoformat(timespec="seconds"), "processor": processor(), "cores": os.cpu_count()}
    result |= {"threads": options.threads, "rounds": options.rounds, "unit": "ms", "times": times}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"resnet50-{now:%Y-%m-%d-%H%M}.json"
    rounded = json.loads(json.dumps(result), parse_float=lambda text: round(float(text), 3))
    path.write_text(json.dumps(rounded) + "\n")
    print(f"written to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
