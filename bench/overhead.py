"""What running costs beside kernels: a run of `x + 1` on four numbers, a run of ResNet-50's graph with next to nothing
to compute, and ResNet-50 from four threads at once beside the same runs one after another. Writes a dated result file.

usage: tools/build.sh release overhead && PYTHONPATH=python .venv/bin/python bench/overhead.py
"""

import datetime
import json
import os
import subprocess
from pathlib import Path

import torch
from hearth.export import save
from transformers import ResNetConfig, ResNetForImageClassification

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build" / "release" / "bench" / "overhead"
WORK = ROOT / "build" / "bench" / "overhead-models"
RESULTS = ROOT / "bench" / "results"


class AddOne(torch.nn.Module):
    def forward(self, x):
        return x + 1


class ResNet(torch.nn.Module):
    """ResNet-50's layers, with as many channels as `config` says."""

    def __init__(self, **config) -> None:
        super().__init__()
        self.model = ResNetForImageClassification(ResNetConfig(num_labels=1000, **config)).eval()

    def forward(self, x):
        return self.model(x).logits


def models() -> dict[str, tuple]:
    """Arguments of save() by name. The skeleton makes every call that ResNet-50 makes, on a few numbers each."""
    image = torch.randn(1, 3, 224, 224)
    return {
        "add-one": (AddOne(), (torch.randn(4),)),
        "resnet50-skeleton": (ResNet(embedding_size=1, hidden_sizes=[4, 4, 4, 4]), (torch.randn(1, 3, 32, 32),)),
        "resnet50": (ResNet(), (image,)),
        "resnet50-bf16": (ResNet(), (image,), {"dtype": torch.bfloat16}),
    }


def exported(name: str) -> Path:
    path = WORK / f"{name}.pt2"
    if not path.exists():
        model, args, *options = models()[name]
        save(path, model, args, **(options[0] if options else {}))
    return path


def measure(mode: str, model: str, threads: int, rounds: int) -> dict:
    command = [PROGRAM, mode, exported(model), str(threads), str(rounds)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result = {"test": mode, "model": model, "threads": threads, **json.loads(output)}
    print(json.dumps(result))
    return result


def main() -> None:
    torch.manual_seed(0)
    most = len(os.sched_getaffinity(0))
    results = [measure("latency", "add-one", threads, 200_000) for threads in (1, most)]
    for model, rounds in (("resnet50-skeleton", 500), ("resnet50", 10)):
        results += [measure("latency", model, threads, rounds) for threads in (1, most)]
    for model, rounds in (("add-one", 50_000), ("resnet50-skeleton", 200), ("resnet50", 10), ("resnet50-bf16", 20)):
        results.append(measure("throughput", model, most, rounds))

    lines = Path("/proc/cpuinfo").read_text().splitlines()
    processor = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
    now = datetime.datetime.now(datetime.UTC)
    facts = {"date": now.isoformat(timespec="seconds"), "processor": processor, "cores": most, "results": results}
    path = RESULTS / f"overhead-{now:%Y-%m-%d-%H%M}.json"
    path.write_text(json.dumps(facts) + "\n")
    print(f"written to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
