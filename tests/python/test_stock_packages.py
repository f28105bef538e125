"""Packages that plain PyTorch makes: compiled by the host's g++, linked to libtorch, without a manifest."""

import numpy as np
import pytest
import torch
from programs import hearth, run_method

IN_LIBRARY = {"aot_inductor.package_constants_in_so": True}
NOWHERE = {"aot_inductor.package_constants_in_so": False}
IN_BLOB = NOWHERE | {"aot_inductor.package_constants_on_disk_format": "binary_blob"}


class Mlp(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(6, 16)
        self.second = torch.nn.Linear(16, 4)

    def forward(self, x):
        hidden = torch.tanh(self.first(x))
        return torch.softmax(self.second(hidden), -1), hidden.sum(0)


class ConvNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Conv2d(3, 8, 3, padding=1, stride=2)
        self.norm = torch.nn.BatchNorm2d(8)
        self.second = torch.nn.Conv2d(8, 8, 3, groups=2)
        self.head = torch.nn.Linear(8, 5)

    def forward(self, x):
        x = torch.relu(self.norm(self.first(x)))
        x = torch.nn.functional.max_pool2d(self.second(x), 2)
        return self.head(x.mean((2, 3)))


MODELS = {"mlp": (Mlp, (6,)), "conv": (ConvNet, (3, 20, 20))}


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Makes a model and its package: its wrapper unoptimised, because only what it calls matters."""
    folder = tmp_path_factory.mktemp("stock")

    def make(name: str, options: dict):
        torch.manual_seed(5)
        model, shape = MODELS[name]
        model = model().eval()
        dynamic = ({0: torch.export.Dim("batch", min=1, max=16)},)
        program = torch.export.export(model, (torch.randn(3, *shape),), dynamic_shapes=dynamic)
        path = folder / f"{name}_{len(list(folder.iterdir()))}.pt2"
        options = options | {"aot_inductor.compile_wrapper_opt_level": "O0"}
        torch._inductor.aoti_compile_and_package(program, package_path=str(path), inductor_configs=options)
        return model, path

    return make


@pytest.mark.parametrize(
    ("name", "options"),
    [("mlp", IN_LIBRARY), ("mlp", IN_BLOB), ("conv", IN_LIBRARY)],
    ids=["mlp in library", "mlp in blob", "conv in library"],
)
def test_stock_packages_answer_as_pytorch(package, tmp_path, name, options):
    model, path = package(name, options)
    done = hearth("inspect", path)
    assert done.returncode == 0, done.stderr
    assert "a stock package" in done.stdout
    for batch in (1, 5):
        x = torch.randn(batch, *MODELS[name][1])
        with torch.no_grad():
            expected = model(x)
        expected = expected if isinstance(expected, tuple) else (expected,)
        folder = tmp_path / str(batch)
        folder.mkdir()
        answers = run_method(path, "model", [x.numpy()], folder)
        assert len(answers) == len(expected)
        for answer, value in zip(answers, expected, strict=True):
            assert np.allclose(answer, value.numpy(), rtol=1e-4, atol=1e-5)


def test_a_package_without_its_weights_is_refused_with_the_reason(package, tmp_path):
    _, path = package("mlp", NOWHERE)
    assert hearth("inspect", path).returncode == 0
    np.save(tmp_path / "x.npy", np.zeros((1, 6), np.float32))
    done = hearth("run", path, "model", "--input", f"0={tmp_path / 'x.npy'}")
    assert done.returncode in (1, 3)
    assert "constants" in done.stderr
