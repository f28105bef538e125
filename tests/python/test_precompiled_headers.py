"""Precompiled headers: what is taken into them, and that they change nothing but the time."""

import torch
from hearth.export.api import Method
from hearth.export.compile import ZigCompiler
from hearth.export.compile.headers import leading_includes, precompiled
from hearth.export.compile.toolchain import Toolchain
from hearth.export.lower import generate
from hearth.export.targets import select_targets
from hearth.export.trace import trace
from programs import native_target


class PlainCompiler(ZigCompiler):
    including = Toolchain.including


def test_includes_before_the_first_line_of_code_are_taken():
    source = "\n// said first\n#include <a/b.h>\n\n  #include <vector>\nint x;\n#include <late.h>\n"
    assert leading_includes(source) == "#include <a/b.h>\n#include <vector>\n"
    assert leading_includes("#define X\n#include <a.h>\n") == ""
    assert leading_includes('#include "own.h"\n#include <a.h>\n') == ""
    assert leading_includes("") == ""


def test_a_header_is_compiled_once_for_each_compiler_and_text(tmp_path):
    compiled = []

    def compile_header(source, result):
        compiled.append(source.read_text())
        result.write_text("made")

    def make(header, *compiler):
        return precompiled(header, list(compiler), tmp_path / "cache", compile_header)

    first = make("#include <a>\n", "c++", "-O1")
    assert make("#include <a>\n", "c++", "-O1") == first
    others = {make("#include <b>\n", "c++", "-O1"), make("#include <a>\n", "c++", "-O3")}
    assert len({first, *others}) == 3
    assert compiled == ["#include <a>\n", "#include <b>\n", "#include <a>\n"]
    assert {path.suffix for path in first.parent.iterdir()} == {".pch", ".h"}


def test_another_process_may_be_first(tmp_path):
    def compile_header(source, result):
        (result.parent / result.name.rsplit(".", 1)[0]).write_text("the other's")
        result.write_text("ours")

    assert precompiled("#include <a>\n", ["c++"], tmp_path, compile_header).read_text() == "the other's"
    assert len(list(tmp_path.iterdir())) == 2


def test_libraries_are_the_same_with_and_without(tmp_path):
    (target,) = select_targets(native_target())
    method = trace("forward", Method(torch.nn.Softmax(-1), (torch.randn(2, 8),)), {}, torch.float32)
    sources = generate(method.program, target)
    assert leading_includes(sources.wrapper) and leading_includes(sources.kernel)
    compiler = ZigCompiler()
    compiler.prepare(target, print)
    libraries = [each.compile(sources, target, tmp_path / type(each).__name__) for each in (compiler, PlainCompiler())]
    assert libraries[0] == libraries[1]
