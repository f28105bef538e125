"""`save`: a PyTorch model to one Hearth file."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import hearth
from hearth.block_weights import BLOCK_FORMATS
from hearth.export.accuracy import Accuracy
from hearth.export.build import Library, build_libraries
from hearth.export.compile import find_compiler
from hearth.export.cuda.machine_code import parse_architectures
from hearth.export.cuda.patches import check_versions
from hearth.export.errors import ExportError
from hearth.export.gate import refuse_host_paths
from hearth.export.manifest import assemble
from hearth.export.portable import portable_records
from hearth.export.progress import Progress
from hearth.export.targets import DEFAULT_TARGETS, Target, select_targets
from hearth.export.trace import Method, TracedMethod, trace
from hearth.export.weights import WeightStore
from hearth.export.zip_writer import Record, write_archive

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
"""What products can be computed in, by the command line's names."""

QUANTIZATIONS = ("i8", *BLOCK_FORMATS)
"""What layers can be quantised to."""

_METHOD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


@dataclass
class Summary:
    """What save() wrote. Sizes in bytes; `accuracy`: method -> how the adapted graph, run by PyTorch, answers beside
    the model itself; `classifier`: the method that gives classes, where the pipeline says so; `seconds`: the whole
    export."""

    path: Path
    size: int
    weight_bytes: int
    library_bytes: dict[tuple[str, str], int]
    accuracy: dict[str, Accuracy]
    classifier: str | None
    compiler: str
    seconds: float


def save(
    path: str | Path,
    model: torch.nn.Module | None = None,
    args: tuple = (),
    kwargs: dict[str, Any] | None = None,
    dynamic_shapes: Any = None,
    methods: dict[str, Method] | None = None,
    targets: str | Sequence[str] = DEFAULT_TARGETS,
    pipeline: dict | None = None,
    name: str | None = None,
    extra_files: dict[str, bytes | str] | None = None,
    dtype: torch.dtype | None = None,
    quant: str | None = None,
    calibration: Sequence[tuple] = (),
    compiler: str = "zig",
    cuda_arch: str = "ptx",
    progress: Progress | None = None,
) -> Summary:
    """Exports a model to one file that the Hearth runtime opens.

    path: the file to write, replaced only when everything worked.
    model, args, kwargs, dynamic_shapes: a module, example inputs for its forward(), and which of their dimensions may
        change, all as torch.export.export takes them. The file's only method is then "forward".
    methods: instead, several entry points by name; they share their weights in the file.
    targets: names of targets.TARGETS, or of groups of them: "cpu", "all" (every processor), "cuda".
    pipeline: the manifest's "pipeline" (docs/archive-format.md), for models that do a task by themselves.
    name: for people; the file's stem by default.
    extra_files: contents by path below "extra/".
    dtype: what float32 models compute products in: float32, bfloat16 or float16. Inputs and outputs stay float32, and
        so do norms, softmax and sums. All targets share it, since they share the weights. None is bfloat16 when one of
        them is a GPU, else float32.
    quant: "i8" makes linear layers and convolutions multiply int8 weights and bytes; "q8", "q4" and "q4-asym" round the
        weights of linear layers and large tables to 8 or 4 bits in groups of 32 and leave what they are multiplied by
        as it is, to 16 bits; None changes nothing.
    calibration: inputs like `args`, for quant: they show what values the model's tensors take. Some dozens that are
        like what the model will see; without any, the example has to do. For `methods`, each has its own.
    compiler: "zig", "g++" or "clang++".
    cuda_arch: what code for NVIDIA GPUs holds beside PTX, which every driver compiles for its GPU when a model is
        loaded: "ptx" for nothing, "common" for machine code of every family, or architectures like "80,90".

    Returns what was written. Raises ExportError, whose message says what to do, when the model, its inputs, the
    compiler or the file system do not allow it.
    """
    started = time.monotonic()
    progress = progress or Progress()
    path = Path(path)
    chosen = select_targets(targets)
    dtype = dtype or default_dtype(chosen)
    if dtype not in DTYPES.values():
        raise ExportError(f"dtype is {dtype}; give one of {', '.join(map(str, DTYPES.values()))}")
    if quant is not None and quant not in QUANTIZATIONS:
        raise ExportError(f"quant is {quant!r}; give one of {', '.join(QUANTIZATIONS)}")
    architectures = parse_architectures(cuda_arch)
    entries = _entries(methods, Method(model, args, kwargs, dynamic_shapes, calibration))
    extra = [_extra_record(file, content) for file, content in (extra_files or {}).items()]
    toolchain = find_compiler(compiler)
    for target in chosen:
        toolchain.command("c++", target)
        if target.device == "cuda":
            check_versions()
    progress.start(len(entries) * (1 + 2 * len(chosen)) + 1)

    traced, shared = [], {}
    for method_name, method in entries.items():
        progress.step(f"{method_name}: tracing")
        traced.append(trace(method_name, method, shared, dtype, quant))
    store = WeightStore()
    portable = [portable_records(method.name, method.program, store) for method in traced]
    for record in (record for method in portable for record in method.values()):
        refuse_host_paths(record.data, record.path)
    libraries = build_libraries(traced, chosen, toolchain, store, progress, architectures)

    progress.step("writing")
    facts = _facts(name or path.stem, toolchain.version, traced, libraries, store, pipeline)
    extra += [record for method in traced for record in method.golden.records()]
    records = assemble(facts, portable, store, [record for library in libraries for record in library.records()], extra)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        size = write_archive(path, _stem(path), records)
    except OSError as error:
        raise ExportError(f"cannot write {path}: {error.strerror or error}") from error
    return Summary(
        path=path,
        size=size,
        weight_bytes=sum(record.size for record in store.records()),
        library_bytes={(library.method, library.target.name): len(library.code) for library in libraries},
        accuracy={method.name: method.accuracy for method in traced},
        classifier=pipeline["method"] if pipeline and pipeline["task"] == "image-classification" else None,
        compiler=toolchain.version,
        seconds=time.monotonic() - started,
    )


def default_dtype(targets: list[Target]) -> torch.dtype:
    """What products are computed in for `targets` unless a caller says: GPUs multiply bfloat16 many times faster than
    float32."""
    return torch.float32 if all(target.device == "cpu" for target in targets) else torch.bfloat16


def _entries(methods: dict[str, Method] | None, forward: Method) -> dict[str, Method]:
    """The methods to export, with their names checked: `methods`, or else the only one."""
    if (forward.module is None) == (methods is None):
        raise ExportError("give either a model with example inputs, or methods")
    entries = methods if methods is not None else {"forward": forward}
    if not entries:
        raise ExportError("methods is empty; name at least one")
    for method_name in entries:
        if not _METHOD_NAME.fullmatch(method_name):
            raise ExportError(f"method name {method_name!r} must be letters, digits and _, at most 64 characters")
    return entries


def _facts(
    name: str, compiler: str, traced: list[TracedMethod], libraries: list[Library], store: WeightStore, pipeline
) -> dict:
    """The manifest without the records."""
    facts = {
        "producer": {"hearth": hearth.__version__, "torch": torch.__version__.split("+")[0], "compiler": compiler},
        "name": name,
        "tensors": {key: stored.manifest() for key, stored in store.tensors.items()},
        "methods": {
            method.name: {
                "symbols": method.signature.symbols,
                "inputs": method.signature.inputs,
                "outputs": method.signature.outputs,
                "targets": {lib.target.name: lib.manifest() for lib in libraries if lib.method == method.name},
            }
            for method in traced
        },
        "goldens": [method.golden.manifest() for method in traced],
    }
    for method in traced:
        for weight, layers in method.layers.items():
            if (stored := store.name_of(method.program.state_dict[weight])) is not None:
                facts["tensors"][stored]["layers"] = layers
    return facts if pipeline is None else {**facts, "pipeline": pipeline}


def _extra_record(file: str, content: bytes | str) -> Record:
    parts = Path(file).parts
    if not parts or Path(file).is_absolute() or ".." in parts or file.startswith("goldens/") or file == "hearth.json":
        raise ExportError(f"extra file {file!r}: give a relative path that the file itself does not use")
    return Record(f"extra/{file}", content.encode() if isinstance(content, str) else bytes(content))


def _stem(path: Path) -> str:
    """The top folder inside the archive: the file's name in characters that every reader takes."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", path.name.removesuffix(".pt2")).lstrip(".") or "model"
