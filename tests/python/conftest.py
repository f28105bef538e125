"""Exports that several tests look at, made once."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch

PYTHON = Path(__file__).resolve().parents[2] / "python"
sys.path.insert(0, str(PYTHON))


class Archive:
    """A finished file, read with Python's zipfile: a second opinion on the writer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.zip = zipfile.ZipFile(path)
        self.stem = self.zip.namelist()[0].split("/")[0]
        self.manifest = json.loads(self.read("extra/hearth.json"))

    def names(self) -> list[str]:
        return [name.removeprefix(self.stem + "/") for name in self.zip.namelist()]

    def read(self, name: str) -> bytes:
        return self.zip.read(f"{self.stem}/{name}")


def run_exporter(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    """`python -m hearth.export` in its own process, without a `hearth` program to check the file."""
    variables = {**os.environ, "PYTHONPATH": str(PYTHON), "HEARTH_BINARY": "/nonexistent", **environment}
    command = [sys.executable, "-m", "hearth.export", *arguments]
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True)


@pytest.fixture(scope="session")
def resnet_folder(tmp_path_factory) -> Path:
    """A Hugging Face folder with a tiny ResNet of random weights and batch norms that do something."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 2], layer_type="bottleneck", num_labels=3
    )
    config.id2label = {0: "zero", 1: "one", 2: "two"}
    model = transformers.ResNetForImageClassification(config).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    folder = tmp_path_factory.mktemp("models") / "tiny resnet"
    model.save_pretrained(folder)
    settings = {"feature_extractor_type": "ConvNextFeatureExtractor", "crop_pct": 0.875, "size": 32, "resample": 3}
    settings |= {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder


@pytest.fixture(scope="session")
def resnet_archive(resnet_folder, tmp_path_factory) -> Archive:
    """The tiny ResNet for both default targets, exported by the command line."""
    path = tmp_path_factory.mktemp("out") / "tiny.pt2"
    done = run_exporter(str(resnet_folder), "-o", str(path), cwd=path.parent)
    assert done.returncode == 0, done.stderr
    return Archive(path)


class Speech(torch.nn.Module):
    """Two entry points that share weights, a table used twice, a constant of each method, nested inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.table = torch.nn.Embedding(11, 6)
        self.head = torch.nn.Linear(6, 11, bias=False)
        self.head.weight = self.table.weight
        self.body = torch.nn.Linear(6, 6)

    def forward(self, ids, past, scale: float = 1.0):
        hidden = torch.nn.functional.silu(self.body(self.table(ids))) * scale + past["key"][0]
        return {"logits": self.head(hidden), "state": (hidden, hidden.sum() * torch.tensor([1.0, 2.0, 3.0]))}

    def encode(self, x):
        return torch.tanh(self.body(x)).exp() + torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])


@pytest.fixture(scope="session")
def speech() -> Speech:
    torch.manual_seed(1)
    return Speech().eval()


@pytest.fixture(scope="session")
def speech_archive(speech, tmp_path_factory) -> Archive:
    from hearth.export import Method, save

    time = torch.export.Dim("time", min=1, max=32)
    path = tmp_path_factory.mktemp("speech") / "speech.pt2"
    save(
        path,
        methods={
            "decode": Method(
                speech,
                (torch.tensor([1, 2, 3]),),
                {"past": {"key": [torch.randn(3, 6)]}, "scale": 0.5},
                {"ids": {0: time}, "past": {"key": [{0: time}]}, "scale": None},
            ),
            "encode": Method(speech.encode, (torch.randn(4, 6),), None, ({0: torch.export.Dim.AUTO},)),
        },
        targets="cpu-x86_64-v3",
        extra_files={"notes/about.txt": "two methods"},
    )
    return Archive(path)
