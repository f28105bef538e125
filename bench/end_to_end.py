"""Hearth beside the engines that a desktop user would pick, interleaved in one run: every engine has a process of its
own, and they run one after another in every round. Writes bench/results/end-to-end-DATE.json.

usage: .venv-bench/bin/python bench/end_to_end.py [MODEL...] [--rounds 25] [--threads 2]

Models that have not been exported yet are, into build/bench. `make bench` makes the environments, and the tables of
docs/performance.md.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from machine import file_name, stamp

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent
WORK = ROOT / "build" / "bench"
RESULTS = HERE / "results"
MODELS = ("resnet50", "mobilenet_v2", "vit_b16", "bert_128")
# How far an answer may be from eager PyTorch's, relative to its largest element.
TOLERANCES = {"f32": 1e-3, "bf16": 0.1, "i8": 0.3}


class Engine:
    """A process that runs one model whenever it is asked."""

    def __init__(self, kind: str, precision: str, file: Path, model: str, threads: int) -> None:
        self.precision = precision
        answer = WORK / f"{model}.{kind.replace(':', '-').replace('/', '_')[-40:]}.{precision}.npy"
        command = [sys.executable, HERE / "engine.py", kind, file, str(threads), WORK / f"{model}.inputs.npz", answer]
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{kind} failed on {file.name}")
        self.started = json.loads(line)
        expected = np.load(WORK / f"{model}.expected.npy").flatten()
        self.error = float(np.abs(np.load(answer).flatten() - expected).max() / np.abs(expected).max())
        if self.error > TOLERANCES[precision]:
            raise RuntimeError(f"{kind} answers wrongly: {self.error:.1e} of the largest element")

    def run(self) -> float:
        """Milliseconds of one run."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def export(model: str) -> dict[str, Path]:
    """Files of the model, made where they are missing: by precision for Hearth, "onnx" and "pte" for the others."""
    files = {precision: WORK / f"{model}.{precision}.pt2" for precision in ("f32", "bf16", "i8")}
    for precision, path in files.items():
        if not path.exists():
            print(f"exporting {path.name}", flush=True)
            command = [ROOT / ".venv" / "bin" / "python", HERE / "export_hearth.py", model, precision, path]
            subprocess.run(command, check=True)
    others = {"onnx": WORK / f"{model}.onnx", "pte": WORK / f"{model}.pte"}
    if not all(path.exists() for path in others.values()):
        print(f"exporting {model} for the other engines", flush=True)
        subprocess.run([sys.executable, HERE / "prepare.py", model, WORK], check=True)
    return files | others


def start(model: str, library: Path, threads: int) -> tuple[dict[str, Engine], dict[str, str]]:
    """Engines by name, and why those that are missing are."""
    files = export(model)
    wanted = {f"hearth {precision}": (f"hearth:{library}", precision, files[precision]) for precision in TOLERANCES}
    wanted |= {
        "onnxruntime": ("onnxruntime", "f32", files["onnx"]),
        "openvino f32": ("openvino:f32", "f32", files["onnx"]),
        "openvino default": ("openvino:default", "bf16", files["onnx"]),
        "executorch xnnpack": ("executorch", "f32", files["pte"]),
        "torch eager": (f"torch:{model}", "f32", files["onnx"]),
    }
    engines, missing = {}, {}
    for name, (kind, precision, file) in wanted.items():
        try:
            engines[name] = Engine(kind, precision, file, model, threads)
        except RuntimeError as error:
            missing[name] = str(error)
    return engines, missing


def measure(engines: dict[str, Engine], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each run, one of each a round; a pause lets the threads of the one before fall asleep."""
    times: dict[str, list[float]] = {name: [] for name in engines}
    for round_number in range(-3, rounds):
        for name, engine in engines.items():
            time.sleep(0.02)
            elapsed = engine.run()
            if round_number >= 0:
                times[name].append(round(elapsed, 3))
    return times


def versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "onnxruntime", "openvino", "executorch")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help=", ".join(MODELS))
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--libhearth", type=Path, default=ROOT / "build" / "src" / "library" / "libhearth.so")
    options = parser.parse_args()
    if not options.libhearth.is_file():
        parser.error(f"{options.libhearth} is missing: build it with tools/build.sh runtime")
    WORK.mkdir(parents=True, exist_ok=True)
    result = stamp() | {
        "threads": options.threads,
        "rounds": options.rounds,
        "unit": "ms",
        "versions": versions(),
        "models": {},
    }
    for model in options.models or MODELS:
        engines, missing = start(model, options.libhearth, options.threads)
        times = measure(engines, options.rounds)
        for engine in engines.values():
            engine.close()
        result["models"][model] = {
            "times": times,
            "started": {name: engine.started for name, engine in engines.items()},
            "errors": {name: engine.error for name, engine in engines.items()},
            "missing": missing,
        }
        for name, values in times.items():
            print(f"{model:14s} {name:20s} median {np.median(values):7.2f} ms   min {min(values):7.2f}", flush=True)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / file_name("end-to-end", result)
    path.write_text(json.dumps(result) + "\n")
    print(f"written to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
