"""Every model of the zoo, exported by the same few lines, answers what eager PyTorch answers.

By default each model of the everyday list with dynamic sizes; `--all` adds fixed sizes and the list of rarer models.
"""

import audio
import extra
import others
import pytest
import text
import torch
import vision
from case import Case
from compare import difference, export

EVERYDAY = vision.CASES | text.CASES | audio.CASES | others.CASES
CASES = EVERYDAY | extra.CASES


def check(case: Case, sized: bool, program, target, path) -> None:
    sized = sized and bool(case.dims)
    export(case, path, target, sized)
    for size in [case.example, *(case.others if sized else [])]:
        error = difference(case, size, program, path)
        assert error <= case.tolerance, f"inputs of size {size}: {error:.1e} from eager PyTorch"


def made(name: str) -> Case:
    torch.manual_seed(0)
    return CASES[name]()


@pytest.mark.parametrize("name", [*EVERYDAY, *(pytest.param(name, marks=pytest.mark.rare) for name in extra.CASES)])
def test_dynamic_sizes(name, program, target, tmp_path):
    check(made(name), True, program, target, tmp_path / f"{name}.pt2")


@pytest.mark.rare
@pytest.mark.parametrize("name", CASES)
def test_fixed_sizes(name, program, target, tmp_path):
    check(made(name), False, program, target, tmp_path / f"{name}.pt2")
