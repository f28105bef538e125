"""What a compiled method must not contain: operators and symbols that the runtime does not serve, another machine's
code, anything of the exporting host."""

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch

from hearth.export.elf import read_elf
from hearth.export.errors import ExportError
from hearth.export.lower import Sources
from hearth.export.targets import Target
from hearth.export.trace import TracedMethod

_SYSTEM_LIBRARY = re.compile(r"(libc|libm|libdl|libpthread|librt|ld-linux-(x86-64|aarch64))\.so\.\d+")
_SYMBOL = re.compile(r"^\s*HEARTH_(?:DEVICE_)?SYMBOL(?:_([A-Z0-9_]+))?\((\w+)\)", re.MULTILINE)
_DEVICE_SYMBOL = re.compile(r"^\s*HEARTH_DEVICE_SYMBOL\((\w+)\)", re.MULTILINE)
_FALLBACK = re.compile(r'^\s*HEARTH_FALLBACK\("([^"]+)"', re.MULTILINE)
_CALL = re.compile(r"(?<!AOTITorchError )\b(aoti_torch_(?:cpu|mps)_\w+)\(")
_FALLBACK_CALL = re.compile(r"aoti_torch_proxy_executor_call_function\(proxy_executor, (\d+)")
_SOURCE_NODES = re.compile(r"Topologically Sorted Source Nodes: \[([^\]]*)\], Original ATen: \[([^\]]*)\]")
_PLACES = ("runtime", "../../../src/aoti")


def runtime_symbols(machine: str) -> frozenset[str] | None:
    """What the runtime serves on `machine`: names of C functions, and of operators that are called by name
    ("aten::bincount"). From the packaged lists or the source tree's; None when there are neither."""
    folder = _runtime_folder()
    if folder is None:
        return None
    symbols = _SYMBOL.findall((folder / "symbols.def").read_text(encoding="utf-8"))
    operators = _FALLBACK.findall((folder / "fallback_operators.def").read_text(encoding="utf-8"))
    return frozenset(name for only, name in symbols if only.lower() in ("", machine)) | frozenset(operators)


def _runtime_folder() -> Path | None:
    folders = (Path(__file__).resolve().parent / place for place in _PLACES)
    return next((folder for folder in folders if (folder / "symbols.def").exists()), None)


def operators_of_the_host(sources: Sources) -> list[str]:
    """Operators that the host computes when the code runs on a GPU ("cumsum", "aten::bincount"), in alphabetical order:
    the runtime has no kernels for them there. Empty where its lists are not found."""
    folder = _runtime_folder()
    if folder is None:
        return []
    on_gpu = set(_DEVICE_SYMBOL.findall((folder / "symbols.def").read_text(encoding="utf-8")))
    called = {name for _line, names in _called_operators(sources) for name in names}
    return sorted(name.removeprefix("aoti_torch_cpu_") for name in called - on_gpu)


def _called_operators(sources: Sources) -> Iterator[tuple[str, list[str]]]:
    """Lines of the generated code, with the operators that each calls."""
    operators = sources.fallback_names()
    for line in sources.wrapper.splitlines():
        yield line, _CALL.findall(line) + [operators[int(index)] for index in _FALLBACK_CALL.findall(line)]


def check_sources(sources: Sources, method: TracedMethod, target: Target, symbols: frozenset[str] | None) -> None:
    """Before the long compilation: every operator that the generated code calls must have a kernel. ExportError names
    the operators, and of the first the module and the source line."""
    missing: dict[str, re.Match | None] = {}
    origin = None
    for line, called in _called_operators(sources):
        origin = _SOURCE_NODES.search(line) or origin
        for name in called:
            if symbols is not None and name not in symbols:
                missing.setdefault(name, origin)
    if not missing:
        return
    first, origin = next(iter(missing.items()))
    raise ExportError(
        f"{method.name}@{target.name}: the Hearth runtime has no kernel for {', '.join(missing)}.\n"
        f"{_where(first, origin, method)}\n"
        "Replace the operator in the model by others, or add a kernel: docs/adding-an-operator.md"
    )


def check_library(code: bytes, name: str, target: Target, symbols: frozenset[str] | None) -> None:
    """After the compilation: machine, libraries, imports, host paths. ExportError says what is wrong with `name`."""
    facts = read_elf(code)
    if facts.machine != target.machine:
        raise ExportError(f"{name}: the compiler made code for {facts.machine} instead of {target.machine}")
    foreign = sorted(library for library in facts.needed if not _SYSTEM_LIBRARY.fullmatch(library))
    if foreign:
        raise ExportError(f"{name}: the library needs {', '.join(foreign)}, which the runtime does not load")
    # A symbol with a version comes from the C library; the runtime's own have none.
    unknown = sorted(s for s, versioned in facts.imports.items() if not versioned and s not in (symbols or ()))
    if symbols is not None and unknown:
        raise ExportError(f"{name}: the library imports {', '.join(unknown)}, which the runtime does not serve")
    if facts.executable_stack:
        raise ExportError(f"{name}: the library asks for an executable stack, which systems refuse to give")
    refuse_host_paths(code, name)


def refuse_host_paths(data: bytes, what: str) -> None:
    """ExportError when `data` holds the path of a folder of this machine: it would differ elsewhere, and says more
    about its author than it should."""
    folders = {Path.home(), Path.cwd(), Path(tempfile.gettempdir()), Path(sys.prefix), Path(torch.__file__).parents[1]}
    for folder in sorted(folders, key=str):
        prefix = f"{folder}/".encode()
        position = data.find(prefix) if len(folder.parts) > 1 else -1
        if position >= 0:
            text = data[position : position + 120].split(b"\0")[0].split(b'"')[0].decode(errors="replace")
            raise ExportError(f"{what} contains a path of this machine: {text}")


def _where(symbol: str, origin: re.Match | None, method: TracedMethod) -> str:
    """The module and the source line that a call comes from. `origin`: the comment that Inductor wrote above it."""
    if origin is None:
        return "Its place in the model is unknown"
    names = set(origin.group(1).split(", "))
    nodes = [node for node in method.program.graph.nodes if node.op == "call_function" and node.name in names]
    if not nodes:
        return f"It comes from {origin.group(2)}"
    # Several calls may be listed; the one whose name is in the symbol's is meant, or else the last.
    named = [node for node in nodes if str(node.target).split(".")[1].strip("_") in symbol]
    node = (named or nodes)[-1]
    stack = list(node.meta.get("nn_module_stack", {}).values())
    place = f"module {stack[-1][0]} ({stack[-1][1]})" if stack and stack[-1][0] else "the model itself"
    trace = [line.strip() for line in (node.meta.get("stack_trace") or "").splitlines() if line.strip()]
    return "\n".join([f"It comes from {node.target} in {place}", *trace[-2:]])
