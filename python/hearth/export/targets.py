"""The machines that a method can be compiled for, and how Inductor is pinned to one of them.

Inductor asks the machine it runs on what to generate. Every answer is fixed here instead, so that the same model gives
the same code on every host.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from unittest import mock

import torch
from torch._inductor import cpp_builder, cpu_vec_isa

from hearth.export.errors import ExportError


@dataclass(frozen=True)
class Target:
    """One kind of machine.

    `cpu` and `link_cpu` are zig's names of the processor; the standard library comes with the link step, so targets
    that share `link_cpu` share one build of it. `cpu_features` are the manifest's. For a `device` other than "cpu" all
    of them speak of the machine that it is part of.
    """

    name: str
    machine: str
    system: str
    cpu_features: tuple[str, ...]
    triple: str
    cpu: str
    link_cpu: str
    march: str
    capability: str
    isa: Callable[[], cpu_vec_isa.VecISA]
    macros: tuple[str, ...] = ()
    device: str = "cpu"


_V3_FEATURES = ("avx2", "bmi1", "bmi2", "f16c", "fma", "lzcnt", "movbe")
_V4_FEATURES = tuple(sorted((*_V3_FEATURES, "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl")))
_X86_TRIPLE = "x86_64-linux-gnu.2.28"

TARGETS = {
    target.name: target
    for target in (
        Target(
            name="cpu-x86_64-v3",
            machine="x86_64",
            system="linux",
            cpu_features=_V3_FEATURES,
            triple=_X86_TRIPLE,
            cpu="x86_64_v3",
            link_cpu="x86_64_v3",
            march="x86-64-v3",
            capability="AVX2",
            isa=cpu_vec_isa.VecAVX2,
        ),
        Target(
            name="cpu-x86_64-v4",
            machine="x86_64",
            system="linux",
            cpu_features=_V4_FEATURES,
            triple=_X86_TRIPLE,
            cpu="x86_64_v4",
            link_cpu="x86_64_v3",
            march="x86-64-v4",
            capability="AVX512",
            isa=cpu_vec_isa.VecAVX512,
        ),
        Target(
            name="cpu-aarch64",
            machine="aarch64",
            system="linux",
            cpu_features=("asimd",),
            triple="aarch64-linux-gnu.2.28",
            cpu="generic",
            link_cpu="generic",
            march="armv8-a",
            capability="NEON",
            isa=cpu_vec_isa.VecNEON,
            macros=("AT_BUILD_ARM_VEC256_WITH_SLEEF",),
        ),
        Target(
            name="cuda-sm80",
            machine="x86_64",
            system="linux",
            cpu_features=_V3_FEATURES,
            triple=_X86_TRIPLE,
            cpu="x86_64_v3",
            link_cpu="x86_64_v3",
            march="x86-64-v3",
            capability="AVX2",
            isa=cpu_vec_isa.VecAVX2,
            macros=("USE_CUDA",),
            device="cuda",
        ),
    )
}

DEFAULT_TARGETS = ("cpu-x86_64-v3", "cpu-x86_64-v4")


_GROUPS = {
    "all": tuple(name for name, target in TARGETS.items() if target.device == "cpu"),
    "cpu": DEFAULT_TARGETS,
    "cuda": ("cuda-sm80",),
}
"""Names for several targets: every kind of processor, the usual ones, and GPUs from NVIDIA."""


def select_targets(names: str | list[str] | tuple[str, ...]) -> list[Target]:
    """Targets by name: a comma-separated string or a sequence of names of targets and of groups ("all", "cpu", "cuda").
    Sorted, without repeats. ExportError for an unknown name."""
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",") if name.strip()]
    names = {target for name in names for target in _GROUPS.get(name, (name,))}
    unknown = sorted(names - set(TARGETS))
    if unknown or not names:
        what = f"unknown target {unknown[0]!r}" if unknown else "no target given"
        raise ExportError(f"{what}; choose from {', '.join(sorted(TARGETS))}, or {', '.join(sorted(_GROUPS))}")
    return [TARGETS[name] for name in sorted(names)]


@contextlib.contextmanager
def without_vendor_libraries() -> Iterator[None]:
    """While this lasts, tracing and code generation do not choose oneDNN's operators (for LSTMs, say) and MKL's layouts
    (of Fourier transforms), which depend on the host and which the runtime does not have."""
    # torch.backends.mkldnn.flags() would also change the strides that convolutions are predicted to return.
    has, enabled = mock.patch.object(torch._C, "_has_mkldnn", False), lambda: False
    mkl = mock.patch.object(torch.backends.mkl, "is_available", lambda: False)
    with has, mkl, mock.patch.object(torch._C, "_get_mkldnn_enabled", enabled):
        yield


@contextlib.contextmanager
def pinned_to(target: Target, gnu: bool) -> Iterator[None]:
    """While this lasts, Inductor generates code for `target`, in the dialect of g++ (`gnu`) or of clang, whatever
    machine it runs on and whichever compilers are installed there."""
    isa = target.isa()
    with contextlib.ExitStack() as patches:
        patches.enter_context(without_vendor_libraries())
        for name, value in (("is_gcc", gnu), ("is_clang", not gnu), ("is_msvc_cl", False), ("is_apple_clang", False)):
            patches.enter_context(mock.patch.object(cpp_builder, name, lambda value=value: value))
        patches.enter_context(mock.patch.object(cpu_vec_isa, "valid_vec_isa_list", lambda: [isa]))
        # VecAVX512 asks the host's processor for bf16 instructions, whatever cpp.vec_isa_ok says.
        patches.enter_context(mock.patch.object(cpu_vec_isa.VecAVX512, "__bool__", lambda self: True))
        yield
