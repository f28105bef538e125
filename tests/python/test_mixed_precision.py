"""--dtype bf16 and f16: what multiplies is narrow, what people see stays float32, and answers stay near eager PyTorch's
in float32."""

import re
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from conftest import Archive, run_exporter
from hearth.export import ExportError, Method, cli, save
from hearth.export.trace import trace
from programs import HEARTH, hearth_json, run_method
from torch import nn
from torch.nn import functional

# Of the output's largest element; the spacing of numbers is 2^-8 and 2^-11 of their size.
TOLERANCE = {torch.bfloat16: 2e-2, torch.float16: 2e-3}
BATCH = torch.export.Dim("batch", min=1, max=16)


class TiedWords(nn.Module):
    """A table that words are read from and scored against."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(300, 64)
        self.body = nn.Linear(64, 64)

    def forward(self, ids):
        return functional.linear(functional.gelu(self.body(self.table(ids))), self.table.weight)


class MaskedAttention(nn.Module):
    """Attention with a mask of the lowest float32 numbers, which no narrow dtype has all of."""

    def forward(self, q, k, v, seen):
        mask = torch.where(seen, 0.0, torch.finfo(torch.float32).min)
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)


class Sequence(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(24, 32, batch_first=True)

    def forward(self, x):
        return self.lstm(x)[0]


def convolutions() -> nn.Module:
    net = nn.Sequential(
        nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=1, groups=32),
        nn.GroupNorm(4, 32),
        nn.Hardswish(),
        nn.Conv2d(32, 64, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )
    net[1].running_var.uniform_(0.5, 1.5)
    return net


@dataclass
class Case:
    module: nn.Module
    args: tuple
    dynamic_shapes: tuple | None = None
    others: tuple | None = None
    """Inputs of other sizes than the example's."""


def make_cases() -> dict[str, Case]:
    torch.manual_seed(3)
    heads = tuple(torch.randn(2, 4, 50, 32) for _ in range(3))
    cases = {
        "attention": Case(MaskedAttention(), (*heads, torch.rand(2, 1, 50, 50) < 0.7)),
        "convolutions": Case(convolutions(), (torch.randn(2, 3, 64, 64),), ({0: BATCH},), (torch.randn(5, 3, 64, 64),)),
        "encoder": Case(nn.TransformerEncoderLayer(64, 4, 128, batch_first=True), (torch.randn(2, 40, 64),)),
        "lstm": Case(Sequence(), (torch.randn(3, 15, 24),)),
        "sequence_convolutions": Case(
            nn.Sequential(nn.Conv1d(8, 16, 5), nn.ReLU(), nn.ConvTranspose1d(16, 8, 4, stride=2)),
            (torch.randn(2, 8, 70),),
        ),
        "words": Case(TiedWords(), (torch.randint(300, (2, 9)),), ({0: BATCH},), (torch.randint(300, (7, 9)),)),
    }
    for case in cases.values():
        case.module.eval()
    return cases


CASES = make_cases()


@pytest.fixture(scope="module", params=[torch.bfloat16, torch.float16], ids=["bf16", "f16"])
def precision(request) -> torch.dtype:
    return request.param


@pytest.fixture(scope="module")
def archive(precision, tmp_path_factory) -> Archive:
    path = tmp_path_factory.mktemp("narrow") / "narrow.pt2"
    methods = {name: Method(case.module, case.args, None, case.dynamic_shapes) for name, case in CASES.items()}
    save(path, methods=methods, targets="cpu-x86_64-v3", dtype=precision)
    return Archive(path)


def values(archive: Archive, kind: str) -> list[dict]:
    return [value for method in archive.manifest["methods"].values() for value in method[kind]]


@pytest.mark.parametrize("name", CASES)
def test_answers_are_near_those_of_float32(archive, precision, tmp_path, name):
    case = CASES[name]
    for args in filter(None, (case.args, case.others)):
        with torch.no_grad():
            expected = case.module(*args).numpy()
        (actual,) = run_method(archive.path, name, [arg.numpy() for arg in args], tmp_path)
        assert actual.dtype == np.float32
        assert np.abs(actual - expected).max() <= TOLERANCE[precision] * np.abs(expected).max()


def test_verify_accepts_what_the_precision_costs(archive):
    assert hearth_json("verify", archive.path)["ok"]


def test_inputs_and_outputs_stay_float32(archive):
    assert {value["dtype"] for value in values(archive, "inputs")} == {"float32", "int64", "bool"}
    assert {value["dtype"] for value in values(archive, "outputs")} == {"float32"}


def test_matrices_are_stored_once_and_narrow(archive, precision):
    tensors = {name: tensor for name, tensor in archive.manifest["tensors"].items() if "lstm" not in name}
    matrices = [tensor for tensor in tensors.values() if len(tensor["shape"]) > 1]
    assert {tensor["dtype"] for tensor in matrices} == {str(precision).removeprefix("torch.")}
    assert [tensor["shape"] for tensor in matrices].count([300, 64]) == 1
    vectors = [tensor for tensor in tensors.values() if len(tensor["shape"]) == 1]
    assert {tensor["dtype"] for tensor in vectors} <= {"float32", "int64"} | {tensor["dtype"] for tensor in matrices}


def test_a_file_is_about_half_as_large(tmp_path):
    net = nn.Sequential(nn.Linear(700, 700), nn.LayerNorm(700), nn.Linear(700, 700))
    sizes = {
        dtype: save(tmp_path / "a.pt2", net, (torch.randn(1, 700),), targets="cpu-x86_64-v3", dtype=dtype).weight_bytes
        for dtype in (torch.float32, torch.bfloat16)
    }
    assert sizes[torch.bfloat16] == pytest.approx(sizes[torch.float32] / 2, rel=0.02)


def narrowed(module: nn.Module, *args: torch.Tensor, dtype=torch.bfloat16):
    return trace("forward", Method(module.eval(), args), {}, dtype)


def test_norms_and_softmax_work_in_float32():
    class Net(nn.Sequential):
        def forward(self, x):
            return torch.softmax(super().forward(x), -1)

    method = narrowed(Net(nn.Linear(8, 8), nn.LayerNorm(8), nn.Linear(8, 8)), torch.randn(2, 8))
    operands = {
        node.target._opname: node.args[0].meta["val"].dtype
        for node in method.program.graph.nodes
        if node.op == "call_function" and node.target._opname in ("layer_norm", "softmax", "hearth_linear")
    }
    expected = {"layer_norm": torch.float32, "softmax": torch.float32, "hearth_linear": torch.bfloat16}
    assert operands == expected
    formats = {node.args[4] for node in method.program.graph.nodes if "hearth_linear" in node.name}
    assert formats == {"bf16"}


def test_numbers_beyond_the_range_of_float16_stay_finite():
    net = nn.Linear(4, 4)
    with torch.no_grad():
        net.weight.fill_(1e-3)[0, 0] = 1e6
    method = narrowed(net, torch.zeros(1, 4), dtype=torch.float16)
    weight = next(t for t in method.program.state_dict.values() if t.dtype == torch.float16)
    assert weight.max() == torch.finfo(torch.float16).max


def test_a_model_that_is_narrow_already_keeps_its_inputs_and_outputs(tmp_path):
    net = nn.Sequential(nn.Linear(32, 64), nn.LayerNorm(64), nn.GELU(), nn.Linear(64, 8)).bfloat16().eval()
    x = torch.randn(3, 32).bfloat16()
    for dtype in (torch.float32, torch.bfloat16):
        path = tmp_path / "a.pt2"
        save(path, net, (x,), targets="cpu-x86_64-v3", dtype=dtype)
        archive = Archive(path)
        assert {value["dtype"] for kind in ("inputs", "outputs") for value in values(archive, kind)} == {"bfloat16"}
        assert hearth_json("verify", path)["ok"]


def test_the_summary_says_what_it_costs(resnet_folder, tmp_path):
    options = ("-o", "a.pt2", "--dtype", "bf16", "--targets", "cpu-x86_64-v3")
    done = run_exporter(str(resnet_folder), *options, cwd=tmp_path, HEARTH_BINARY=str(HEARTH), COLUMNS="120")
    assert done.returncode == 0, done.stderr
    assert "the graph's first class is PyTorch's in 2 of 2 examples" in done.stdout
    (row,) = [line for line in done.stdout.splitlines() if "cpu-x86_64-v3" in line]
    errors = [float(number) for number in re.findall(r"\d\.\de-\d+", row)]
    assert len(errors) == 2 and all(1e-4 < error < TOLERANCE[torch.bfloat16] for error in errors)


def test_other_dtypes_are_refused(tmp_path, capsys):
    with pytest.raises(ExportError, match=r"dtype is torch.int8; give one of torch.float32, torch.bfloat16"):
        save(tmp_path / "a.pt2", nn.Linear(2, 2), (torch.ones(1, 2),), dtype=torch.int8)
    with pytest.raises(SystemExit):
        cli.main(["a.py:f", "-o", str(tmp_path / "a.pt2"), "--dtype", "f8"])
    assert "'f8' (choose from 'f32', 'bf16', 'f16')" in capsys.readouterr().err
