"""Sizes that may change: answers at sizes other than the example's, and refusal of what would hold a model to one."""

import contextlib

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from programs import hearth, run_method


class Resample(torch.nn.Module):
    """Composite operators that look at sizes."""

    def __init__(self):
        super().__init__()
        self.down = torch.nn.Conv2d(3, 8, 3, 2, 1)
        self.norm = torch.nn.GroupNorm(2, 8)
        self.up = torch.nn.ConvTranspose2d(8, 4, 4, 2, 1)

    def forward(self, x):
        hidden = F.interpolate(F.silu(self.norm(self.down(x))), scale_factor=2, mode="bilinear")
        return F.pixel_shuffle(F.interpolate(self.up(hidden), scale_factor=0.5, mode="nearest"), 2)


class Rows(torch.nn.Module):
    """One size that several inputs share, in several forms."""

    def forward(self, x, y):
        return torch.cat([x, y[1:]], 0).cumsum(0), (x @ x.T).softmax(-1).flatten()


@pytest.fixture(scope="module")
def resample_file(tmp_path_factory):
    from hearth.export import save

    torch.manual_seed(0)
    model = Resample().eval()
    path = tmp_path_factory.mktemp("resample") / "resample.pt2"
    shapes = ({0: torch.export.Dim("batch")},)
    save(path, model, (torch.randn(2, 3, 16, 16),), dynamic_shapes=shapes, targets="cpu-x86_64-v3")
    return model, path


@pytest.mark.parametrize("batch", [1, 2, 3, 17])
def test_batches_of_any_size_answer_as_pytorch(resample_file, tmp_path, batch):
    model, path = resample_file
    x = torch.randn(batch, 3, 16, 16)
    with torch.no_grad():
        expected = model(x).numpy()
    (answer,) = run_method(path, "forward", [x.numpy()], tmp_path)
    np.testing.assert_allclose(answer, expected, atol=1e-5)


@pytest.mark.parametrize("rows", [2, 5, 40])
def test_sizes_derived_from_one_another(tmp_path, rows, rows_file):
    x, y = torch.randn(rows, 6), torch.randn(2 * rows, 6)
    answers = run_method(rows_file, "forward", [x.numpy(), y.numpy()], tmp_path)
    for answer, expected in zip(answers, Rows()(x, y), strict=True):
        np.testing.assert_allclose(answer, expected.numpy(), atol=1e-4)


@pytest.fixture(scope="module")
def rows_file(tmp_path_factory):
    from hearth.export import save

    rows = torch.export.Dim("rows", min=2, max=64)
    path = tmp_path_factory.mktemp("rows") / "rows.pt2"
    example = (torch.randn(3, 6), torch.randn(6, 6))
    save(path, Rows().eval(), example, dynamic_shapes=({0: rows}, {0: 2 * rows}), targets="cpu-x86_64-v3")
    return path


def test_sizes_that_contradict_each_other_are_refused(rows_file, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((3, 6), np.float32))
    np.save(tmp_path / "y.npy", np.zeros((8, 6), np.float32))
    done = hearth("run", rows_file, "forward", "--input", f"0={tmp_path}/x.npy", "--input", f"1={tmp_path}/y.npy")
    assert done.returncode == 2
    assert "rows is 4, but input 'x' made it 3" in done.stderr


def test_a_step_that_fixes_a_size_is_an_error(tmp_path, monkeypatch):
    """PyTorch only logs such a guard; the code would corrupt memory at other sizes."""
    from hearth.export import ExportError, save
    from hearth.export.adapt import editor

    monkeypatch.setattr(editor, "enable_python_dispatcher", contextlib.nullcontext)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.Upsample(scale_factor=2, mode="bilinear")).eval()
    with pytest.raises(ExportError, match="== 2"):
        save(tmp_path / "x.pt2", model, (torch.randn(2, 3, 8, 8),), dynamic_shapes=({0: torch.export.Dim.AUTO},))
