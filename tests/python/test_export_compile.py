"""Code for all targets and compilers, and the gate that it passes."""

import shutil
import subprocess

import pytest
import torch
from conftest import Archive
from hearth.export import ExportError, Method, gate, save
from hearth.export.compile import find_compiler
from hearth.export.elf import read_elf
from hearth.export.lower import generate
from hearth.export.targets import TARGETS, select_targets
from hearth.export.trace import trace
from torch import nn


class Pointwise(nn.Module):
    """Vector maths that each instruction set has its own functions for."""

    def forward(self, x):
        return x.sin() + x.exp().log1p()


def export(path, compiler="zig", targets="cpu-x86_64-v3"):
    save(path, Pointwise(), (torch.rand(4, 40),), targets=targets, compiler=compiler)
    return Archive(path)


def library(archive, target) -> bytes:
    return archive.read(archive.manifest["methods"]["forward"]["targets"][target]["library"])


@pytest.fixture(scope="module")
def pointwise(tmp_path_factory) -> Archive:
    return export(tmp_path_factory.mktemp("pointwise") / "a.pt2", targets="all")


@pytest.mark.parametrize(
    ("target", "machine", "function"),
    [
        ("cpu-x86_64-v3", "x86_64", "Sleef_sinf8_u35"),
        ("cpu-x86_64-v4", "x86_64", "Sleef_sinf16_u35"),
        ("cpu-aarch64", "aarch64", "Sleef_sinf4_u10"),
    ],
)
def test_code_is_made_for_the_target_not_the_host(pointwise, target, machine, function):
    facts = read_elf(library(pointwise, target))
    assert facts.machine == machine
    assert function in facts.imports
    assert not any(name.startswith("libstdc++") or "omp" in name for name in facts.needed)
    assert "aoti_torch_check" not in facts.imports


def test_v3_code_has_no_wide_registers(pointwise, tmp_path):
    objdump = shutil.which("objdump")
    if objdump is None:
        pytest.skip("no objdump")
    path = tmp_path / "model.so"
    wide = {}
    for target in ("cpu-x86_64-v3", "cpu-x86_64-v4"):
        path.write_bytes(library(pointwise, target))
        wide[target] = "zmm" in subprocess.run([objdump, "-d", path], capture_output=True, text=True).stdout
    assert wide == {"cpu-x86_64-v3": False, "cpu-x86_64-v4": True}


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_host_compilers_make_libraries_that_need_only_libc(tmp_path, compiler):
    try:
        find_compiler(compiler)
    except ExportError:
        pytest.skip(f"no {compiler}")
    archive = export(tmp_path / "a.pt2", compiler)
    facts = read_elf(library(archive, "cpu-x86_64-v3"))
    assert archive.manifest["producer"]["compiler"].startswith(compiler)
    assert set(facts.needed) <= {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}
    assert all(name.startswith("AOTInductor") for name in facts.exports)


def test_host_compilers_refuse_other_machines(tmp_path):
    with pytest.raises(ExportError, match=r"cpu-aarch64: g\+\+ .* compiles for this machine only; use --compiler zig"):
        export(tmp_path / "a.pt2", "g++", ["cpu-aarch64"])


def test_missing_compilers_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExportError, match=r"the compiler clang\+\+ is not installed"):
        export(tmp_path / "a.pt2", "clang++")
    with pytest.raises(ExportError, match="unknown compiler 'cc'"):
        export(tmp_path / "a.pt2", "cc")


def test_targets_are_selected_by_name():
    assert [t.name for t in select_targets("all")] == sorted(name for name in TARGETS if name.startswith("cpu-"))
    assert [t.name for t in select_targets("cpu,cuda")] == ["cpu-x86_64-v3", "cpu-x86_64-v4", "cuda-sm80"]
    assert [t.name for t in select_targets("cpu-x86_64-v4, cpu-aarch64,cpu-aarch64")] == [
        "cpu-aarch64",
        "cpu-x86_64-v4",
    ]
    with pytest.raises(ExportError, match="no target given"):
        select_targets("")


def lowered(module, *args):
    method = trace("forward", Method(module, args), {})
    target = TARGETS["cpu-x86_64-v3"]
    return generate(method.program, target), method, target


class Block(nn.Module):
    def forward(self, x):
        return torch.linalg.svdvals(x)


def test_an_operator_without_a_kernel_is_named_with_its_place():
    net = nn.Sequential(nn.Linear(4, 4), Block())
    with pytest.raises(ExportError) as error:
        gate.check_sources(*lowered(net, torch.rand(4, 4)), symbols=frozenset({"aoti_torch_cpu_hearth_linear"}))
    text = str(error.value)
    assert "no kernel for" in text and "svd" in text
    assert "module 1 (" in text and "Block" in text
    assert "torch.linalg.svdvals(x)" in text
    assert "docs/adding-an-operator.md" in text


def test_a_symbol_that_is_not_served_is_named_with_its_place():
    class Sorted(nn.Module):
        def forward(self, x):
            return torch.bmm(x, x)

    with pytest.raises(ExportError, match=r"no kernel for aoti_torch_cpu_bmm_out") as error:
        gate.check_sources(*lowered(nn.Sequential(Sorted()), torch.rand(2, 4, 4)), symbols=frozenset())
    assert "Sorted" in str(error.value)


class Sum(nn.Module):
    def forward(self, x):
        return x.sum()


class Double(nn.Module):
    def forward(self, x):
        return x * 2


@pytest.mark.parametrize(("module", "size", "shares"), [(Double, 8, False), (Double, 10**5, True), (Sum, 10**6, False)])
def test_threads_share_long_loops_but_no_sum(module, size, shares):
    sources, _, _ = lowered(module(), torch.rand(size))
    assert ("omp parallel" in sources.kernel) == shares


def test_generated_code_does_not_depend_on_the_threads_of_the_exporter(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    one, _, _ = lowered(Double(), torch.rand(30, 40, 50))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    many, _, _ = lowered(Double(), torch.rand(30, 40, 50))
    assert one.kernel == many.kernel


def test_recurrent_layers_do_not_use_onednn():
    sources, _, _ = lowered(nn.LSTM(4, 4), torch.rand(3, 2, 4))
    assert "mkldnn" not in sources.wrapper


def test_the_library_gate_names_imports_and_machines(resnet_archive):
    code = library(resnet_archive, "cpu-x86_64-v3")
    with pytest.raises(ExportError, match=r"imports .*aoti_torch_cpu_hearth_conv2d.*does not serve"):
        gate.check_library(code, "forward", TARGETS["cpu-x86_64-v3"], frozenset({"malloc"}))
    with pytest.raises(ExportError, match="made code for x86_64 instead of aarch64"):
        gate.check_library(code, "forward", TARGETS["cpu-aarch64"], None)


def test_paths_of_the_exporting_machine_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExportError, match=rf"record contains a path of this machine: {tmp_path}/secret.py"):
        gate.refuse_host_paths(f'"{tmp_path}/secret.py"'.encode(), "record")


def test_files_that_save_cannot_write(tmp_path):
    with pytest.raises(ExportError, match="give a relative path"):
        save(tmp_path / "a.pt2", nn.Linear(2, 2), (torch.ones(1, 2),), extra_files={"../a": "b"})
    with pytest.raises(ExportError, match="method name 'a b'"):
        save(tmp_path / "a.pt2", methods={"a b": Method(nn.Linear(2, 2), (torch.ones(1, 2),))})
    with pytest.raises(ExportError, match="either a model with example inputs, or methods"):
        save(tmp_path / "a.pt2")
