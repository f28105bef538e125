"""Models on the emulated driver, with every call of the driver failing once, from several threads at once, and with
weights that the host computes with."""

import pytest
import torch
from hearth.export import save
from programs import BUILD, run_program
from torch import nn

PROGRAM = BUILD / "release" / "tests" / "stress" / "gpu_stress"
WITH_THREAD_SANITIZER = BUILD / "tsan" / "tests" / "stress" / "gpu_stress"


class Small(nn.Module):
    """A little of everything: what Triton compiles, what the runtime has kernels for, what the host computes."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(12, 8)
        self.norm = nn.LayerNorm(8)

    def forward(self, x):
        y = self.norm(self.layer(x).relu())
        return y.softmax(-1), y.cumprod(-1), y.t().contiguous() + 1


class Pointwise(nn.Module):
    """Triton's kernels alone."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.rand(7))

    def forward(self, x):
        return (x * self.scale).sigmoid().sum(-1)


class Blocks(nn.Module):
    """A layer whose weight is kept in blocks of 4 bits."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(256, 64)

    def forward(self, x):
        return self.layer(x)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("stress")
    save(folder / "small.pt2", Small().eval(), (torch.randn(3, 12),), targets="cuda", dtype=torch.float32)
    save(folder / "pointwise.pt2", Pointwise().eval(), (torch.randn(5, 7),), targets="cuda", dtype=torch.float32)
    return [folder / "small.pt2", folder / "pointwise.pt2"]


def run_stress(mode: str, rounds: int, *files, program=PROGRAM, **environment: str) -> str:
    (kernels,) = (BUILD / "release").glob("hearth-kernels-*")
    done = run_program(program, mode, str(rounds), *files, HEARTH_KERNELS=str(kernels), **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_failure_of_the_driver_is_told_and_nothing_stays(files):
    run_stress("failures", 100, *files)


def test_two_models_on_four_streams_answer_right(files):
    run_stress("threads", 20, *files)


def test_four_streams_have_no_data_races(files):
    if not WITH_THREAD_SANITIZER.is_file():
        pytest.skip("the tsan preset was not built")
    run_stress("threads", 20, *files, program=WITH_THREAD_SANITIZER, TSAN_OPTIONS="halt_on_error=1")


def test_weights_that_the_host_computes_with_are_read_from_the_file(tmp_path):
    path = tmp_path / "blocks.pt2"
    save(path, Blocks().eval(), (torch.randn(2, 256),), targets="cuda", quant="q4")
    run_stress("weights", 2, path)
