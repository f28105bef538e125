"""Models on a GPU: exported for CUDA, run through `hearth` on the emulated driver, which interprets their PTX."""

import json
import os

import numpy as np
import pytest
import torch
from hearth.export import Method, save
from programs import BUILD, hearth, run_method
from torch import nn

DRIVER = BUILD / "release" / "tests" / "emulated_cuda" / "driver" / "libcuda_emulated.so"
BATCH = torch.export.Dim("batch", min=1, max=64)


@pytest.fixture(autouse=True)
def driver(monkeypatch):
    """The emulated one, unless another is named."""
    monkeypatch.setenv("HEARTH_CUDA_DRIVER", os.environ.get("HEARTH_CUDA_DRIVER", str(DRIVER)))


class Attended(nn.Module):
    """Attention without a mask, of float32 and of 16-bit numbers."""

    def forward(self, x):
        heads = x.view(x.shape[0], 5, 3, 2, 16).permute(2, 0, 3, 1, 4)
        attention = nn.functional.scaled_dot_product_attention
        half = attention(*heads.half(), is_causal=True)
        return attention(*heads), half.float()


class Masked(nn.Module):
    """Attention to another sequence, with masks of both kinds and fewer heads of keys; a query that sees nothing."""

    def forward(self, x, seen):
        attention = nn.functional.scaled_dot_product_attention
        query, other = x.view(x.shape[0], 6, 4, 8).transpose(1, 2), x.view(x.shape[0], 4, 12, 4).repeat(1, 1, 1, 2)
        added = attention(query, other, other * 2, seen[:, None, :6] * 3.0, scale=0.5)
        shared = attention(query, other[:, :2], other[:, 2:], (seen > 0)[:, None], enable_gqa=True)
        return added, shared.transpose(1, 2).flatten(2)


class Scattered(nn.Module):
    """Values that join or replace others by index."""

    def forward(self, x):
        places = (x * 10).long().abs() % x.shape[1]
        joined = [x.scatter_reduce(1, places, x + 1, kind, include_self=False) for kind in ("mean", "amax", "prod")]
        added = x.index_put((torch.zeros_like(places[:, 0]), places[:, 0]), x[:, 0], accumulate=True)
        return *joined, x.scatter(1, places[:, :1], 5.0), added, x[x[:, 0].argsort()]


class Normalized(nn.Module):
    """Reductions over rows, weights of its own."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(48)

    def forward(self, x):
        return self.norm(x * 2 + 1), x.softmax(-1), x.amax(-1)


class Picked(nn.Module):
    """Reading and writing by index."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(16, 24)

    def forward(self, tokens, x):
        rows = self.table(tokens)
        return rows.sum(1), torch.where(x > 0, x, -x).cumsum(-1), x.flip(-1).transpose(0, 1)


class Pooled(nn.Module):
    """Pictures without products: pooling, resampling, padding."""

    def forward(self, x):
        small = nn.functional.max_pool2d(x, 3, 2, 1)
        large = nn.functional.interpolate(small, scale_factor=2, mode="bilinear")
        return small, nn.functional.pad(large.sigmoid(), (1, 2), value=0.5), nn.functional.avg_pool2d(x, 2)


class Layered(nn.Module):
    """Products and convolutions: what the runtime computes with its own kernels, or on the host."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 8, 3, 2, 1)
        self.line = nn.ConvTranspose1d(8, 4, 3)
        self.layer = nn.Linear(18, 10)

    def forward(self, x):
        y = self.convolution(x).relu()
        y = self.line(y.flatten(2))[..., :18]
        return self.layer(y), y @ y.transpose(1, 2)


class Sorted(nn.Module):
    """What has no C function of a device's own, or gives several results, or writes where it was given."""

    def forward(self, x):
        values, order = x.topk(3, dim=1)
        written = x.clone().index_put((order[:, 0] % x.shape[0],), values[:, :1].expand(-1, x.shape[1]))
        return values, order, x.sort(dim=1, descending=True)[0], x.cumprod(1), written.abs().log1p().median(1).values


MODELS = {
    "attended": (Attended, lambda n: (torch.randn(n, 480),)),
    "masked": (Masked, lambda n: (torch.randn(n, 192), torch.randn(n, 6, 12).index_fill(1, torch.tensor(2), -1.0))),
    "scattered": (Scattered, lambda n: (torch.randn(n, 7),)),
    "normalized": (Normalized, lambda n: (torch.randn(n, 48),)),
    "picked": (Picked, lambda n: (torch.randint(0, 16, (n, 5)), torch.randn(n, 7))),
    "pooled": (Pooled, lambda n: (torch.randn(n, 3, 12, 12),)),
    "layered": (Layered, lambda n: (torch.randn(n, 3, 9, 9),)),
    "sorted": (Sorted, lambda n: (torch.randn(n, 7),)),
}


def made(name: str) -> nn.Module:
    torch.manual_seed(0)
    return MODELS[name][0]().eval()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """All models as methods of one file, for a GPU and the CPU."""
    path = tmp_path_factory.mktemp("cuda") / "models.pt2"
    methods = {}
    for name, (_, inputs) in MODELS.items():
        example = inputs(4)
        methods[name] = Method(made(name), example, dynamic_shapes=tuple({0: BATCH} for _ in example))
    save(path, methods=methods, targets=["cpu-x86_64-v3", "cuda"], dtype=torch.float32)
    return path


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("size", [1, 3, 33])
def test_the_gpu_answers_as_pytorch(file, tmp_path, name, size):
    inputs = MODELS[name][1](size)
    with torch.no_grad():
        expected = made(name)(*inputs)
    answers = run_method(file, name, [value.numpy() for value in inputs], tmp_path, "--device", "cuda")
    for answer, wanted in zip(answers, expected, strict=True):
        np.testing.assert_allclose(answer, wanted.numpy(), atol=1e-4 * max(1, float(wanted.abs().max())))


CHOICES = {
    "a GPU": ({}, "cuda:0", "the file has code for it, and fits its 8.6 GB of free memory"),
    "no driver": ({"HEARTH_CUDA_DRIVER": "libnone.so.1"}, "cpu", "cuda: libnone.so.1 was not found"),
    "no memory": ({"HEARTH_EMULATED_MEMORY": "1000000"}, "cpu", "cuda:0: the model takes about 0.3 GB of memory"),
    "no kernels": ({"HEARTH_KERNELS": "/nonexistent"}, "cpu", "cuda:0: Hearth's kernels for GPUs are missing"),
}


@pytest.mark.skipif("HEARTH_CUDA_DRIVER" in os.environ, reason="sets the emulated driver up")
@pytest.mark.parametrize("name", CHOICES)
def test_auto_takes_a_gpu_that_the_model_fits_and_says_why(file, tmp_path, name):
    environment, device, why = CHOICES[name]
    environment = {"HEARTH_KERNELS": str(tmp_path)} | environment
    (tmp_path / "cuda").mkdir()
    np.save(tmp_path / "x.npy", torch.randn(2, 48).numpy())
    command = ("run", file, "normalized", "--input", tmp_path / "x.npy")
    done = hearth(*command, **environment)
    assert done.returncode == 0, done.stderr
    assert f"hearth: runs on {device}: {why}" in done.stderr
    assert hearth(*command, "--quiet", **environment).stderr == ""
    inspected = json.loads(hearth("inspect", file, "--json", **environment).stdout)
    assert inspected["auto"]["name"] == device
    assert why in inspected["auto"]["why"]
    assert f"runs on {device} here: {why}" in hearth("inspect", file, **environment).stdout


def test_auto_takes_the_device_of_the_target(file, tmp_path):
    (tmp_path / "cuda").mkdir()
    np.save(tmp_path / "x.npy", torch.randn(2, 48).numpy())
    for target, device in {"cpu-x86_64-v3": "cpu", "cuda-sm80": "cuda:0"}.items():
        command = ("run", file, "normalized", "--input", tmp_path / "x.npy", "--target", target)
        done = hearth(*command, HEARTH_KERNELS=str(tmp_path))
        assert done.returncode == 0, done.stderr
        assert f"hearth: runs on {device}: " in done.stderr


def test_a_file_without_code_for_gpus_says_so(tmp_path):
    path = tmp_path / "cpu.pt2"
    save(path, made("normalized"), (torch.randn(2, 48),), targets="cpu-x86_64-v3")
    done = hearth("run", path, "forward", "--input", "0=x.npy", "--device", "cuda")
    assert done.returncode == 4
    assert "cpu-x86_64-v3: it is for device cpu, not cuda" in done.stderr
