"""The kernels of a compiled method: what Triton made, and how it comes into the library."""

import re
from dataclasses import dataclass, field

from torch._inductor.codecache import CudaKernelParamCache

from hearth.export.cuda.gpu import PTX_VERSION, Gpu
from hearth.export.errors import ExportError

_VERSION = re.compile(r"^\.version (\d+)\.(\d+)$", re.MULTILINE)
_TARGET = re.compile(r"^\.target (\w+)$", re.MULTILINE)
_FOREIGN = re.compile(r"^\.extern \.func[^;]*?\b(\w+)\s*\n?\(", re.MULTILINE)
_COMMENT = re.compile(r"[ \t]*//.*$", re.MULTILINE)


@dataclass(frozen=True)
class Kernel:
    """One kernel. `name`: of the function in `ptx`, and of the image's symbol in the library; `shared_bytes`: what a
    block is launched with; `warps`: of 32 threads, in a block; `machine_code`: by architecture, where it was made."""

    name: str
    ptx: str
    shared_bytes: int
    warps: int
    machine_code: dict[int, bytes] = field(default_factory=dict)


def compiled_kernels(gpu: Gpu) -> list[Kernel]:
    """What Triton compiled since the context of pretending_gpu() began, by name. ExportError when a kernel could not
    run on every GPU like `gpu`."""
    kernels = []
    for key, parameters in sorted(CudaKernelParamCache.cache.items()):
        ptx = tidied(parameters["asm"])
        kernel = Kernel(key, ptx, parameters["shared_mem"], parameters["num_warps"])
        check_kernel(kernel, gpu)
        kernels.append(kernel)
    return kernels


def tidied(ptx: str) -> str:
    """PTX without comments and empty lines."""
    lines = (line.rstrip() for line in _COMMENT.sub("", ptx).splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def check_kernel(kernel: Kernel, gpu: Gpu) -> None:
    """ExportError when the kernel asks for another GPU, driver or more shared memory than it may, or calls functions
    that no module brings."""
    version, target = _VERSION.search(kernel.ptx), _TARGET.search(kernel.ptx)
    problem = ""
    if version is None or 10 * int(version[1]) + int(version[2]) > PTX_VERSION:
        problem = f"is not PTX of version {PTX_VERSION / 10} or older"
    elif target is None or target[1] != f"sm_{gpu.architecture}":
        problem = f"is not for sm_{gpu.architecture}"
    elif kernel.shared_bytes > gpu.shared_bytes:
        problem = f"asks for {kernel.shared_bytes} bytes of shared memory, and GPUs have {gpu.shared_bytes}"
    elif foreign := _FOREIGN.search(kernel.ptx):
        problem = f"calls {foreign[1]}, which the driver does not have"
    if problem:
        raise ExportError(f"the kernel {kernel.name} {problem}: report this, with the model")
