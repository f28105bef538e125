"""A file exported on this machine for 64-bit ARM, run by the runtime built for it, in an emulator."""

import json
import shutil

import pytest
import torch
from programs import BUILD, run_program

EMULATOR = "qemu-aarch64-static"
HEARTH = BUILD / "aarch64" / "hearth"


class Small(torch.nn.Module):
    """A convolution, a linear layer and functions that come from the vector maths library."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.linear = torch.nn.Linear(8, 5)

    def forward(self, x):
        hidden = torch.nn.functional.gelu(self.conv(x)).mean((2, 3))
        return torch.tanh(self.linear(hidden)).exp() + torch.sin(self.linear(hidden)).softmax(-1)


@pytest.fixture(scope="module")
def arm_file(tmp_path_factory):
    if not HEARTH.is_file() or shutil.which(EMULATOR) is None:
        pytest.skip("the aarch64 preset or the emulator is not there")
    from hearth.export import save

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("arm") / "small.pt2"
    save(path, Small().eval(), (torch.randn(2, 3, 16, 16),), targets="cpu-aarch64")
    return path


def test_arm_code_answers_as_pytorch(arm_file):
    done = run_program(EMULATOR, HEARTH, "verify", arm_file, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["ok"]
    assert answer["methods"][0]["target"] == "cpu-aarch64"


def test_this_machine_refuses_arm_code(arm_file):
    from programs import hearth

    done = hearth("verify", arm_file)
    assert done.returncode == 4
    assert "aarch64" in done.stderr
