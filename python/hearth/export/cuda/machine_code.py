"""Machine code beside PTX: assembled by the ptxas that comes with Triton, packed as the driver wants several images."""

import dataclasses
import struct
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hearth.export.cuda.gpu import PTX_VERSION, SM_80
from hearth.export.cuda.kernels import Kernel
from hearth.export.errors import ExportError

ARCHITECTURES = (80, 86, 89, 90, 100, 120)
"""What machine code can be made for. That of 80 also runs on 86 and 89; the others have families of their own."""

_CHOICES = {"ptx": (), "common": (80, 90, 100, 120)}
# struct fatBinaryHeader of CUDA's fatbinary_section.h, and what fatbinary writes for each image. _LINUX_64: flags.
_HEADER = struct.Struct("<IHHQ")
_IMAGE = struct.Struct("<HHIQIIHHIIIQQQ")
# After the head of PTX: where its options for ptxas lie and how long they are (there are none).
_OPTIONS = struct.pack("<IIII", _IMAGE.size + 8, 0, 0, 0)
_MAGIC, _IMAGE_VERSION, _LINUX_64 = 0xBA55ED50, 0x101, 0x11
_PTX, _ELF = 1, 2


def parse_architectures(text: str) -> tuple[int, ...]:
    """What --cuda-arch names: "ptx" for none, "common" for every family, or numbers like "80,90". ExportError for
    others."""
    if text in _CHOICES:
        return _CHOICES[text]
    names = [name.strip() for name in text.split(",")]
    if any(name not in map(str, ARCHITECTURES) for name in names):
        known = ", ".join(map(str, ARCHITECTURES))
        raise ExportError(f"cuda_arch is {text!r}; give ptx, common, or some of {known}, comma-separated")
    return tuple(sorted({int(name) for name in names}))


def assembled(kernels: list[Kernel], architectures: tuple[int, ...]) -> list[Kernel]:
    """The kernels with machine code for each of `architectures`. Without any they are assembled too, for the GPU that
    they were made for: ExportError when ptxas refuses one, as a driver would where the model runs."""
    wanted = [(kernel, architecture) for kernel in kernels for architecture in architectures or (SM_80.architecture,)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        codes = list(pool.map(lambda job: _assemble(*job), wanted))
    if not architectures:
        return kernels
    by_kernel: dict[str, dict[int, bytes]] = {}
    for (kernel, architecture), code in zip(wanted, codes, strict=True):
        by_kernel.setdefault(kernel.name, {})[architecture] = code
    return [dataclasses.replace(kernel, machine_code=by_kernel[kernel.name]) for kernel in kernels]


def _assemble(kernel: Kernel, architecture: int) -> bytes:
    """A cubin. Shared memory and threads of a block are the PTX's own."""
    from triton.backends.nvidia.compiler import get_ptxas

    with tempfile.TemporaryDirectory(prefix="hearth-export-") as folder:
        source, cubin = Path(folder, "kernel.ptx"), Path(folder, "kernel.cubin")
        source.write_text(kernel.ptx)
        command = [get_ptxas(architecture).path, f"-arch=sm_{architecture}", source, "-o", cubin]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[0]
            raise ExportError(f"ptxas refuses the kernel {kernel.name} for sm_{architecture}: {reason}")
        return cubin.read_bytes()


def packed(kernel: Kernel) -> bytes:
    """A kernel's PTX and machine code as one "fat binary", of which the driver takes what fits its GPU best."""
    text = kernel.ptx.encode() + b"\0"
    text += bytes(-len(text) % 8)
    images = [
        _image(_ELF, code, architecture, (1, code[8])) for architecture, code in sorted(kernel.machine_code.items())
    ]
    images.append(_image(_PTX, text, SM_80.architecture, divmod(PTX_VERSION, 10)))
    body = b"".join(images)
    return _HEADER.pack(_MAGIC, 1, _HEADER.size, len(body)) + body


def _image(kind: int, data: bytes, architecture: int, version: tuple[int, int]) -> bytes:
    """`version`: of the PTX, or of the cubin's format, which is its ELF's ABI version."""
    data += bytes(-len(data) % 8)
    options, place = (_OPTIONS, _IMAGE.size) if kind == _PTX else (b"", 0)
    head = (kind, _IMAGE_VERSION, _IMAGE.size + len(options), len(data), 0, place)
    return _IMAGE.pack(*head, version[1], version[0], architecture, 0, 0, _LINUX_64, 0, 0) + options + data
