"""Indices from outside that lie in no table: the run fails and says why, in loops of one thread and of several."""

import numpy as np
import pytest
import torch
from programs import hearth, run_method


class Table(torch.nn.Module):
    def __init__(self, width: int):
        super().__init__()
        torch.manual_seed(0)
        self.table = torch.nn.Parameter(torch.randn(10, width))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.table[ids].tanh()


@pytest.fixture(scope="module", params=[8, 4096], ids=["one thread", "several threads"])
def table_and_file(request, tmp_path_factory):
    from hearth.export import save

    model = Table(request.param).eval()
    path = tmp_path_factory.mktemp("table") / "table.pt2"
    save(path, model, (torch.arange(64) % 10,))
    return model, path


@pytest.mark.parametrize("wrong", [10, -11, 1 << 40])
def test_an_index_outside_of_the_table_fails_the_run(table_and_file, tmp_path, wrong):
    ids = np.arange(64) % 10
    ids[40] = wrong
    np.save(tmp_path / "ids.npy", ids)
    done = hearth("run", table_and_file[1], "forward", "--input", f"0={tmp_path / 'ids.npy'}", "--output", tmp_path)
    assert done.returncode == 1
    assert "index out of bounds" in done.stderr
    assert "an id or a number among the inputs" in done.stderr


def test_indices_of_the_table_answer_as_eager_pytorch(table_and_file, tmp_path):
    model, path = table_and_file
    ids = torch.randint(-10, 10, (64,))
    (answer,) = run_method(path, "forward", [ids.numpy()], tmp_path)
    assert np.allclose(answer, model(ids).detach().numpy(), atol=1e-6)
