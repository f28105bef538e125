"""Triton compiles for a device that is not there, as far as PTX."""

import contextlib
from unittest import mock

from torch._inductor import codecache
from torch._inductor.codegen import wrapper
from torch._inductor.runtime.triton_heuristics import CachingAutotuner
from triton import knobs
from triton.backends.compiler import GPUTarget
from triton.backends.nvidia import compiler
from triton.backends.nvidia.driver import CudaDriver
from triton.runtime.driver import driver

from hearth.export.cuda.gpu import PTX_VERSION, Gpu
from hearth.export.cuda.patches.hook import Hook, Patch


class _Utilities:
    """Stands in for the functions with which Triton's driver calls CUDA."""

    def __init__(self, gpu: Gpu) -> None:
        self._gpu = gpu

    def get_device_properties(self, _device) -> dict:
        return {
            "max_shared_mem": self._gpu.shared_bytes,
            "multiprocessor_count": self._gpu.multiprocessors,
            "max_num_regs": self._gpu.registers,
            "warpSize": 32,
        }

    def load_binary(self, _name, _binary, _shared, _device) -> tuple:
        """Module, function, registers, spills, threads of a block: nothing is loaded."""
        return 1, 1, 0, 0, 1024


class _PretendedDriver(CudaDriver):
    def __init__(self, gpu: Gpu) -> None:
        # CudaDriver's own constructor opens libcuda.
        self._gpu = gpu
        self.utils = _Utilities(gpu)
        self.launcher_cls = lambda source, metadata: None
        self.get_device_capability = lambda device=None: gpu.capability
        self.get_current_stream = lambda device=None: 0
        self.get_current_device = lambda: 0
        self.set_current_device = lambda device: None

    def get_current_target(self) -> GPUTarget:
        return GPUTarget("cuda", self._gpu.architecture, 32)


def triton_driver(stack: contextlib.ExitStack, gpu: Gpu) -> None:
    """Triton asks its driver which architecture to compile for and how much shared memory a block may have, and loads
    what it compiled."""
    before = driver._active, driver._default
    driver._default = pretended = _PretendedDriver(gpu)
    driver.set_active(pretended)

    def restore() -> None:
        driver._active, driver._default = before

    stack.callback(restore)


def ptx_without_host(stack: contextlib.ExitStack, _gpu: Gpu) -> None:
    """PTX says by default from which lines of which file it was made, in folders of this machine, and has the newest
    version that ptxas knows, which needs as new a driver."""
    stack.enter_context(knobs.compilation.scope())
    knobs.compilation.disable_line_info = True
    stack.enter_context(mock.patch.object(compiler, "get_ptx_version_from_options", lambda options, arch: PTX_VERSION))
    compiler.get_features.cache_clear()
    stack.callback(compiler.get_features.cache_clear)


def ptx_is_the_binary(stack: contextlib.ExitStack, _gpu: Gpu) -> None:
    """Triton would have ptxas make machine code of each kernel; PTX is what is kept."""
    stack.enter_context(
        mock.patch.object(
            compiler.CUDABackend,
            "make_cubin",
            lambda _backend, source, _metadata, _options, _capability: source.encode(),
        )
    )


def kernels_defined_not_launched(stack: contextlib.ExitStack, _gpu: Gpu) -> None:
    """To choose configurations Inductor runs a block of Python that defines all kernels and calls them on the device.
    Only the definitions are run, which compiles the kernels."""

    def define(generator) -> None:
        kernels: dict = {}
        exec(f"{generator.kernel_autotune_defs.getvalue()}\nasync_compile.wait(globals())\n", kernels)
        for kernel in kernels.values():
            if isinstance(kernel, CachingAutotuner):
                kernel.precompile()
                kernel.save_gpu_kernel(None, kernel.launchers[0])

    stack.enter_context(mock.patch.object(wrapper.PythonWrapperCodegen, "generate_and_run_autotune_block", define))


def kernels_kept_in_memory(stack: contextlib.ExitStack, _gpu: Gpu) -> None:
    """What is compiled would be written to files, and the C++ refer to them; here the C++ comes with it."""
    cache = codecache.CudaKernelParamCache

    def keep(key, params, cubin, bin_type, asm=None, asm_type=None) -> None:
        cache.cache[key] = {**params, codecache.get_cpp_wrapper_cubin_path_name(): "", "asm": asm}

    stack.enter_context(mock.patch.object(cache, "set", keep))
    stack.callback(cache.cache.clear)
    cache.cache.clear()


PATCHES = [
    Patch(
        triton_driver,
        (
            Hook("triton.backends.nvidia.driver", "CudaDriver.get_current_target", "self"),
            Hook("triton.runtime.driver", "driver.set_active"),
        ),
    ),
    Patch(
        ptx_without_host,
        (
            Hook("triton.backends.nvidia.compiler", "get_ptx_version_from_options", "options, arch"),
            Hook("triton.backends.nvidia.compiler", "get_features", "options, arch"),
            Hook("triton", "knobs.compilation.disable_line_info"),
        ),
    ),
    Patch(
        ptx_is_the_binary,
        (
            Hook(
                "triton.backends.nvidia.compiler",
                "CUDABackend.make_cubin",
                "self, src, metadata, opt, capability",
            ),
        ),
    ),
    Patch(
        kernels_defined_not_launched,
        (
            Hook("torch._inductor.codegen.wrapper", "PythonWrapperCodegen.generate_and_run_autotune_block", "self"),
            Hook(
                "torch._inductor.runtime.triton_heuristics",
                "CachingAutotuner.save_gpu_kernel",
                "self, stream, launcher",
            ),
            Hook(
                "torch._inductor.runtime.triton_heuristics",
                "CachingAutotuner.precompile",
                "self, warm_cache_only, reload_kernel, static_triton_bundle_key",
            ),
        ),
    ),
    Patch(
        kernels_kept_in_memory,
        (
            Hook(
                "torch._inductor.codecache",
                "CudaKernelParamCache.set",
                "cls, key, params, cubin, bin_type, asm, asm_type",
            ),
        ),
    ),
]
