"""From an ExportedProgram to C++ sources for one target: Inductor as a code generator, nothing is compiled here."""

import contextlib
import json
import logging
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from unittest import mock

import torch
import torch._inductor
from torch._inductor import codecache, cpu_vec_isa
from torch.export import ExportedProgram

from hearth import ops
from hearth.export.cuda.gpu import SM_80
from hearth.export.cuda.kernels import Kernel, compiled_kernels
from hearth.export.cuda.lower import OPTIONS as CUDA_OPTIONS
from hearth.export.cuda.lower import on_pretended_gpu
from hearth.export.cuda.program import MovedProgram
from hearth.export.decompositions import decomposed
from hearth.export.errors import ExportError
from hearth.export.guards import FixedSizeError, symbolic_sizes_kept
from hearth.export.loops import PLANNED_THREADS, split_by_results
from hearth.export.pytorch_fixes import pytorch_fixed
from hearth.export.targets import Target, pinned_to

_OPTIONS = {
    "aot_inductor.package": True,
    "aot_inductor.link_libtorch": False,
    "aot_inductor.package_constants_in_so": False,
    "aot_inductor.use_runtime_constant_folding": False,
    "aot_inductor.precompile_headers": False,
    "aot_inductor.raise_error_on_ignored_optimization": True,
    # Short constants would become literals in the code, and could neither be shared nor replaced.
    "always_keep_tensor_constants": True,
    # Otherwise the number of threads of the exporting machine is compiled in.
    "cpp.dynamic_threads": True,
    "cpp.threads": PLANNED_THREADS,
    "cpp.vec_isa_ok": True,
    "freezing": False,
    # A cached result would skip the code generator, and with it the capture.
    "force_disable_caches": True,
    "compile_threads": 1,
}

# The interface that Inductor appends prints every error; the runtime has the message from its own function.
_PRINTED_ERROR = r"""std::cerr << "Error: " << e.what() << '\n';"""

# The runtime's functions serve all devices, under the names that they have for the CPU.
_GPU_FUNCTION = re.compile(r"\baoti_torch_cuda_(?!guard_)")
_LOOP_CALL = re.compile(r"^( +)(cpp_fused_\w+)(\(.*\);)$", re.MULTILINE)


def _with_names_of_runtime(wrapper: str) -> str:
    return _GPU_FUNCTION.sub("aoti_torch_cpu_", wrapper)


def _with_named_loops(wrapper: str) -> str:
    """The wrapper telling the runtime which generated loop begins and ends, for profiles. Inductor's own option would
    also write stack traces, with paths of this machine."""
    return _LOOP_CALL.sub(r'\1{ RAIIAtenRecordFunctionHandle record_loop("\2", nullptr); \2\3 }', wrapper)


@dataclass
class Sources:
    """What Inductor generated for one method and target.

    `constants` maps the names inside the library to tensors; `fallback_nodes` is Inductor's JSON of the operators that
    the code calls by name, "" where it calls none; `gpu_kernels`: what the code launches, for targets with a GPU.
    """

    wrapper: str
    kernel: str
    constants: dict[str, torch.Tensor]
    original_names: dict[str, str]
    input_count: int
    metadata: dict[str, str]
    fallback_nodes: str = ""
    gpu_kernels: list[Kernel] = field(default_factory=list)

    def fallback_names(self) -> list[str]:
        """The operators called by name, in the order of their numbers."""
        return [node["node"]["target"] for node in json.loads(self.fallback_nodes or '{"nodes": []}')["nodes"]]


def generate(program: ExportedProgram, target: Target, gnu: bool = False) -> Sources:
    """Runs Inductor on `program` (inference only, example inputs attached) for `target`.

    `gnu` chooses g++'s dialect over clang's. ExportError carries Inductor's reason when it cannot lower the graph.
    """
    if target.device == "cuda":
        with on_pretended_gpu(program) as moved:
            return _generate(moved.program, target, gnu, moved)
    return _generate(program, target, gnu)


def _generate(program: ExportedProgram, target: Target, gnu: bool, moved: MovedProgram | None = None) -> Sources:
    """`moved`: what `program` was made from, when it was moved to a GPU."""
    captured: list[Sources] = []

    def capture(graph, wrapper_code, kernel_code, extern_nodes, *, device_type, additional_files):
        names = [name for name in graph.constants if name not in graph.folded_constants]
        original_names = {name: graph.allocated_constant_name.get(name, name) for name in names}
        captured.append(
            Sources(
                wrapper=_with_named_loops(_with_names_of_runtime(wrapper_code.replace(_PRINTED_ERROR, ""))),
                kernel=kernel_code,
                constants={
                    name: moved.original(graph.constants[name]) if moved else graph.get_original_value_of_constant(name)
                    for name in names
                },
                original_names=original_names,
                input_count=len(graph.graph_inputs),
                metadata={
                    "AOTI_DEVICE_KEY": device_type,
                    "AOTI_CPU_ISA": target.capability,
                    "AOTI_MACHINE": target.machine,
                    "AOTI_PLATFORM": target.system,
                },
                fallback_nodes=extern_nodes or "",
                gpu_kernels=compiled_kernels(SM_80) if moved else [],
            )
        )
        return []

    isa = target.isa()
    args, kwargs = program.example_inputs
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(_quiet())
        stack.enter_context(pinned_to(target, gnu))
        stack.enter_context(mock.patch.object(codecache.AotCodeCompiler, "compile", capture))
        if cpu_vec_isa.pick_vec_isa() != isa:
            raise ExportError(f"{target.name}: Inductor would generate code for other vector instructions than {isa}")
        stack.enter_context(pytorch_fixed())
        stack.enter_context(symbolic_sizes_kept(program))
        stack.enter_context(split_by_results(leaves_writes_by_index=target.device == "cpu"))
        stack.enter_context(decomposed())
        try:
            torch._inductor.aot_compile(program.module(check_guards=False), args, kwargs, options=_options(target))
        except FixedSizeError:
            raise
        except Exception as error:
            raise ExportError(f"{target.name}: Inductor cannot lower the graph: {_first_lines(error)}") from error
    return captured[0]


def _options(target: Target) -> dict:
    return {
        **_OPTIONS,
        **(CUDA_OPTIONS if target.device == "cuda" else {}),
        "cpp.simdlen": target.isa().bit_width(),
        "cpp.march": target.march,
        "aot_inductor.custom_ops_to_c_shims": ops.c_shims(target.device),
    }


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps to itself what Inductor says of operators that it leaves to calls (the gate checks them) and of TF32, and
    torch 2.13 of its own use of copyreg."""
    logger = logging.getLogger("torch._inductor.ir")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.filterwarnings("ignore", message="Torchinductor does not support code generation for complex")
            warnings.filterwarnings("ignore", message="TensorFloat32 tensor cores")
            yield
    finally:
        logger.setLevel(level)


def _first_lines(error: Exception, limit: int = 3) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:limit]) or type(error).__name__
