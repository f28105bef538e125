"""Inductor as a generator of code for NVIDIA GPUs: its options, and the state in which it works."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from unittest import mock

from torch._inductor.utils import clear_caches
from torch.export import ExportedProgram

from hearth.export.cuda.gpu import SM_80
from hearth.export.cuda.patches import pretending_gpu
from hearth.export.cuda.program import MovedProgram, moved_to_gpu

OPTIONS = {
    # Nothing can be measured: what is generated follows from the graph alone.
    "benchmark_epilogue_fusion": False,
    "benchmark_kernel": False,
    "coordinate_descent_tuning": False,
    "dynamic_scale_rblock": False,
    "max_autotune": False,
    "max_autotune_gemm": False,
    "shape_padding": False,
    "triton.autotune_at_compile_time": True,
    # Kernels lie in the library; see patches/indexing.py for indices.
    "aot_inductor.embed_kernel_binary": True,
    "aot_inductor.emit_multi_arch_kernel": False,
    "assert_indirect_indexing": False,
}


@contextlib.contextmanager
def on_pretended_gpu(program: ExportedProgram) -> Iterator[MovedProgram]:
    """Inside, Inductor generates code for `program` on a GPU that is not there. Nothing is read from or left in its
    caches."""
    with _without_caches(), pretending_gpu(SM_80):
        yield moved_to_gpu(program)


@contextlib.contextmanager
def _without_caches() -> Iterator[None]:
    """Inductor's own fresh_cache() keeps its folder when something fails."""
    with tempfile.TemporaryDirectory(prefix="hearth-export-") as folder:
        folders = {"TORCHINDUCTOR_CACHE_DIR": folder, "TRITON_CACHE_DIR": f"{folder}/triton"}
        with mock.patch.dict(os.environ, folders):
            clear_caches()
            try:
                yield
            finally:
                clear_caches()
