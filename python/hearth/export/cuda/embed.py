"""Kernels inside a library: C code that defines the symbols from which generated code loads them."""

import re

from hearth.export.cuda.kernels import Kernel
from hearth.export.cuda.machine_code import packed

_PLAIN = re.compile(rb"[^ !#-\[\]-~]")
_LINE = 4096


def embedding_source(kernels: list[Kernel]) -> str:
    """C code with each kernel's image as `__<name>_start`: PTX, which ends in a NUL as the driver wants it to, or PTX
    and machine code together."""
    lines = []
    for kernel in kernels:
        image = packed(kernel) if kernel.machine_code else kernel.ptx.encode()
        lines.append(
            f'__attribute__((visibility("hidden"), aligned(16))) const unsigned char __{kernel.name}_start[] ='
        )
        lines += [f'  "{_escaped(image[at : at + _LINE])}"' for at in range(0, len(image), _LINE)]
        lines.append("  ;")
    return "\n".join(lines) + "\n"


def _escaped(data: bytes) -> str:
    """`data` inside a C string: three octal digits for what a string cannot hold as it is."""
    return _PLAIN.sub(lambda found: b"\\%03o" % found.group()[0], data).decode("ascii")
