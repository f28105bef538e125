"""Hearth on a real NVIDIA GPU: ResNet-50 in bfloat16, products of large matrices, and what a launch costs the host;
beside PyTorch where the Python of --torch has one that sees the GPU. Writes bench/results/gpu-DATE.json.

usage: .venv/bin/python bench/gpu.py [--torch PYTHON] [--rounds 50] [--size full|tiny]

Exit status 4 when there is no GPU. HEARTH_CUDA_DRIVER names another driver than libcuda.so.1; with the emulated one
only tiny models come to an end, and their figures mean nothing.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from hearth.export import save
from machine import file_name, first_gpu, stamp
from torch import nn

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent
WORK = ROOT / "build" / "bench"
RESULTS = HERE / "results"
NOT_THERE = 4


@dataclass(frozen=True)
class Size:
    """`batches` and `edge` of ResNet's pictures; `matrix`: rows of square matrices; `steps`: small kernels in a row.

    Inputs and outputs cross the bus with every run. So products and launches are measured as what `layers` or `steps`
    more of them add to a run.
    """

    batches: tuple[int, ...]
    edge: int
    resnet: dict
    matrix: int
    layers: int
    steps: int


_TINY_RESNET = {"embedding_size": 8, "hidden_sizes": [16, 16], "depths": [1, 1]}
SIZES = {
    "full": Size((1, 256), 224, {}, 4096, 32, 200),
    "tiny": Size((1, 2), 32, _TINY_RESNET, 64, 2, 4),
}


class Layers(nn.Module):
    """Products with `count` square matrices, one after another."""

    def __init__(self, size: int, count: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(size, size, bias=False) for _ in range(count))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Steps(nn.Module):
    """`count` reductions, each along the other dimension than the one before, so that each is a kernel of its own."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, x):
        for step in range(self.count):
            x = x - x.amax(step % 2, keepdim=True) * 0.5
        return x


def resnet(size: Size) -> nn.Module:
    from transformers import ResNetConfig, ResNetForImageClassification

    class Logits(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = ResNetForImageClassification(ResNetConfig(num_labels=1000, **size.resnet))

        def forward(self, pixel_values):
            return self.model(pixel_values).logits

    return Logits().eval()


def export(size: Size, folder: Path) -> dict[str, Path]:
    """The models' files by name, exported where they are missing."""
    batch = torch.export.Dim("batch", min=1, max=max(size.batches))
    square = (torch.randn(size.matrix, size.matrix),)
    models = {
        "resnet": lambda: (resnet(size), (torch.randn(2, 3, size.edge, size.edge),), None, ({0: batch},)),
        "layers_1": lambda: (Layers(size.matrix, 1), square),
        "layers_more": lambda: (Layers(size.matrix, 1 + size.layers), square),
        "steps_1": lambda: (Steps(1), (torch.randn(64, 64),)),
        "steps_more": lambda: (Steps(1 + size.steps), (torch.randn(64, 64),)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}.pt2" for name in models}
    torch.manual_seed(0)
    for name, make in models.items():
        if not files[name].exists():
            print(f"exporting {name}", flush=True)
            save(files[name], *make(), targets="cuda", dtype=torch.bfloat16)
    return files


def median_ms(program: Path, file: Path, rounds: int, *options: str) -> dict:
    """What `hearth bench` says of a file on the GPU, in milliseconds."""
    command = [program, "bench", file, "--device", "cuda", "--json", "--quiet", "-r", str(rounds), *options]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    answer = json.loads(done.stdout)
    measured = answer["results"][0]
    return {"median": measured["median"], "min": measured["min"], "load_ms": answer["load_ms"]}


def measure(program: Path, files: dict[str, Path], size: Size, rounds: int) -> dict:
    """Hearth's figures: ResNet in milliseconds of a run, transfers included; the others of one more product or step."""
    figures: dict = {
        f"resnet_{batch}": median_ms(program, files["resnet"], rounds, "--dim", f"batch={batch}")
        for batch in size.batches
    }
    runs = {name: median_ms(program, file, rounds) for name, file in files.items() if name != "resnet"}
    product = (runs["layers_more"]["median"] - runs["layers_1"]["median"]) / size.layers
    step = (runs["steps_more"]["median"] - runs["steps_1"]["median"]) / size.steps
    flops = 2 * size.matrix**3
    figures["product"] = {"ms": product, "tflops": flops / product / 1e9 if product > 0 else None}
    figures["launch"] = {"us": step * 1e3}
    figures["runs"] = runs
    return figures


def measure_torch(python: str, size: Size, rounds: int) -> dict:
    """PyTorch's figures from another Python, or why there are none."""
    settings = json.dumps({"batches": size.batches, "edge": size.edge, "matrix": size.matrix, "rounds": rounds})
    done = subprocess.run([python, str(HERE / "gpu_torch.py"), settings], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return {"missing": (done.stderr.strip().splitlines() or ["it failed"])[-1]}
    return json.loads(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--torch", default=sys.executable, metavar="PYTHON", help="one whose PyTorch has CUDA")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--program", type=Path, default=ROOT / "build" / "hearth")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    os.environ.setdefault("HEARTH_CUDA_DRIVER", "libcuda.so.1")
    size = SIZES[options.size]
    gpu = first_gpu(options.program)
    if gpu is None:
        return NOT_THERE
    result = stamp() | {"gpu": gpu, "size": options.size, "rounds": options.rounds, "unit": "ms"}
    files = export(size, WORK / f"gpu-{options.size}")
    result["hearth"] = measure(options.program, files, size, options.rounds)
    result["torch"] = measure_torch(options.torch, size, options.rounds)
    for engine in ("hearth", "torch"):
        for name, figures in result[engine].items():
            print(f"{engine:7s} {name:14s} {figures}", flush=True)
    options.results.mkdir(parents=True, exist_ok=True)
    path = options.results / file_name("gpu", result)
    path.write_text(json.dumps(result) + "\n")
    print(f"written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
