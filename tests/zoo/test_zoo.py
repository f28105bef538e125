"""Every model of the zoo, exported by the same few lines, answers what eager PyTorch answers."""

import audio
import others
import pytest
import text
import torch
import vision
from compare import difference, export

CASES = vision.CASES | text.CASES | audio.CASES | others.CASES


def check(name: str, sized: bool, program, target, folder) -> None:
    torch.manual_seed(0)
    case = CASES[name]()
    path = folder / f"{name}.pt2"
    export(case, path, target, sized)
    for size in [case.example, *(case.others if sized else [])]:
        error = difference(case, size, program, path)
        assert error <= case.tolerance, f"inputs of size {size}: {error:.1e} from eager PyTorch"


@pytest.mark.parametrize("name", CASES)
def test_dynamic_sizes(name, program, target, tmp_path):
    check(name, True, program, target, tmp_path)


@pytest.mark.fixed
@pytest.mark.parametrize("name", CASES)
def test_fixed_sizes(name, program, target, tmp_path):
    check(name, False, program, target, tmp_path)
