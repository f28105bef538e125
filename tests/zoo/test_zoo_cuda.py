"""Models of the zoo on a GPU, exported for CUDA and run on the emulated driver (or the one that HEARTH_CUDA_DRIVER
names), answer what eager PyTorch answers.

By default the few that between them have most of what models do; `--all` adds the rest of the everyday list.
"""

import os

import audio
import blocks
import others
import pytest
import text
import torch
import vision
from case import fixed
from compare import difference, export

CASES = blocks.CASES | vision.CASES | text.CASES | audio.CASES | others.CASES
ALWAYS_FLOAT32 = ("resnet_bottlenecks", "gemma3", "whisper_encoder", "t5_encoder")
ALWAYS_BFLOAT16 = ("gemma3",)
BFLOAT16 = ("resnet_bottlenecks", "gemma3", "whisper_encoder", "vit", "bert", "llama", "convnext", "tabular")
# Exported at one size: attention between two inputs whose batches torch.export takes for two sizes. Inductor takes it
# apart for GPUs, and would hold one to the other.
FIXED = ("diffusion_unet",)


@pytest.fixture(autouse=True)
def gpu(monkeypatch, program):
    emulated = program.parent / "tests" / "emulated_cuda" / "driver" / "libcuda_emulated.so"
    monkeypatch.setenv("HEARTH_CUDA_DRIVER", os.environ.get("HEARTH_CUDA_DRIVER", str(emulated)))


def with_rare(names, always) -> list:
    return [name if name in always else pytest.param(name, marks=pytest.mark.rare) for name in names]


def check(name: str, dtype: torch.dtype, tolerance: float, program, path) -> None:
    torch.manual_seed(0)
    case = fixed(CASES[name]()) if name in FIXED else CASES[name]()
    export(case, path, "cuda", bool(case.dims), dtype)
    for size in [case.example, *case.others[:1]]:
        error = difference(case, size, program, path, "--device", "cuda")
        assert error <= tolerance, f"inputs of size {size}: {error:.1e} from eager PyTorch"


@pytest.mark.parametrize("name", with_rare(CASES, ALWAYS_FLOAT32))
def test_float32(name, program, tmp_path):
    check(name, torch.float32, 1e-4, program, tmp_path / f"{name}.pt2")


@pytest.mark.parametrize("name", with_rare(BFLOAT16, ALWAYS_BFLOAT16))
def test_bfloat16(name, program, tmp_path):
    check(name, torch.bfloat16, 2e-2, program, tmp_path / f"{name}.pt2")
