"""All that is changed in PyTorch and Triton so that they generate CUDA code without a GPU and without CUDA.

Each patch is one function whose docstring says why it is needed, in a list with what it hooks; pretending_gpu() applies
them all and takes them back. They were checked on VERSIONS; tests/python/test_cuda_patches.py says which hook another
version has changed.
"""

import contextlib
import importlib.metadata
from collections.abc import Iterator

from hearth.export.cuda.gpu import Gpu
from hearth.export.cuda.patches.hook import Hook, Patch
from hearth.export.errors import ExportError

VERSIONS = {"torch": "2.13.0", "triton": "3.7.1"}
"""What the patches were checked on."""


def all_patches() -> list[Patch]:
    """In the order in which they are applied."""
    check_versions()
    from hearth.export.cuda.patches import compilation, device, generation, indexing

    return [*device.PATCHES, *compilation.PATCHES, *generation.PATCHES, *indexing.PATCHES]


@contextlib.contextmanager
def pretending_gpu(gpu: Gpu) -> Iterator[None]:
    """Inside, PyTorch and Triton take this machine to have `gpu`; nothing can run on it. ExportError when Triton is not
    installed or not the version that the patches know. Afterwards they are as they were."""
    patches = all_patches()
    with contextlib.ExitStack() as stack:
        for patch in patches:
            patch.apply(stack, gpu)
        yield


def check_versions() -> None:
    """ExportError when another Triton is installed than the patches were checked on."""
    wanted = VERSIONS["triton"]
    try:
        found = importlib.metadata.version("triton")
    except importlib.metadata.PackageNotFoundError:
        raise ExportError(
            f"CUDA targets need Triton, which is not installed; run: pip install triton=={wanted}"
        ) from None
    if found != wanted:
        raise ExportError(
            f"CUDA targets were checked with Triton {wanted}, not {found}; run: pip install triton=={wanted}"
        )


__all__ = ["VERSIONS", "Hook", "Patch", "all_patches", "check_versions", "pretending_gpu"]
