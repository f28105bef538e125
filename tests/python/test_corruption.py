"""A small file, cut short at many places or with one byte changed, through every step of a run: a clear error or the
right answer."""

import random

import numpy as np
import pytest
import torch
from programs import BUILD, HEARTH, run_program

SANITIZED = BUILD / "asan" / "hearth"
SANITIZER = {"ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1"}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A file, its example input, and the right answer."""
    from hearth.export import save

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(6, 12), torch.nn.GELU(), torch.nn.Linear(12, 3)).eval()
    x = torch.randn(4, 6)
    folder = tmp_path_factory.mktemp("small")
    save(folder / "small.pt2", model, (x,), targets="cpu-x86_64-v3")
    np.save(folder / "x.npy", x.numpy())
    with torch.no_grad():
        return folder / "small.pt2", folder / "x.npy", model(x).numpy()


def damaged_contents(whole: bytes, seed: int) -> list[tuple[str, bytes]]:
    """Truncations and changed bytes: everywhere, and more often outside of the code, which is most of the file."""
    draw = random.Random(seed)
    code = whole.index(b"\x7fELF")
    code_end = whole.index(b"PK\x03\x04", code + 600_000)
    data = [*range(code), *range(code_end, len(whole))]
    places = draw.sample(range(len(whole)), 40) + draw.sample(data, 160)
    cases = [(f"cut at {place}", whole[:place]) for place in draw.sample(range(len(whole)), 40)]
    for place in places:
        value = whole[place] ^ (1 << draw.randrange(8))
        cases.append((f"byte {place}", whole[:place] + bytes([value]) + whole[place + 1 :]))
    return cases


@pytest.mark.parametrize("program", [HEARTH, SANITIZED], ids=["release", "asan"])
def test_damage_is_an_error_or_does_not_matter(small, tmp_path, program):
    if not program.is_file():
        pytest.skip("the asan preset was not built")
    file, x, expected = small
    refused = 0
    for name, contents in damaged_contents(file.read_bytes(), seed=7):
        path = tmp_path / "damaged.pt2"
        path.write_bytes(contents)
        done = run_program(program, "run", path, "forward", "--input", x, "--output", tmp_path / "out", **SANITIZER)
        assert done.returncode in (0, 2, 3, 4), f"{name}: {done.returncode} {done.stderr}"
        if done.returncode == 0:
            assert np.allclose(np.load(tmp_path / "out" / "0.npy"), expected, atol=1e-5), f"{name}: a wrong answer"
        else:
            assert done.stderr.startswith("hearth: ") and done.stderr.count("\n") == 1, f"{name}: {done.stderr}"
            assert "damaged.pt2" in done.stderr, f"{name}: {done.stderr}"
            refused += 1
    assert refused > 60


class Wide(torch.nn.Module):
    """Enough weights that opening does not hash them."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2048, 2100)

    def forward(self, x):
        return self.layer(x)


def test_a_changed_weight_of_a_large_model_is_noticed_when_it_is_packed(tmp_path):
    from hearth.export import save

    path = tmp_path / "wide.pt2"
    save(path, Wide().eval(), (torch.randn(3, 2048),), targets="cpu-x86_64-v3")
    np.save(tmp_path / "x.npy", np.zeros((3, 2048), np.float32))
    assert run_program(HEARTH, "run", path, "forward", "--input", tmp_path / "x.npy").returncode == 0
    contents = bytearray(path.read_bytes())
    contents[len(contents) // 2] ^= 64
    path.write_bytes(contents)
    done = run_program(HEARTH, "run", path, "forward", "--input", tmp_path / "x.npy")
    assert done.returncode == 1
    assert "not those that were exported" in done.stderr
    assert done.stderr.count("\n") == 1, "generated code does not print"
