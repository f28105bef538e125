"""Kernels inside a library: C code that defines the symbols from which generated code loads them."""

from hearth.export.cuda.kernels import Kernel


def embedding_source(kernels: list[Kernel]) -> str:
    """C code with each kernel's image as `__<name>_start`, which ends in a NUL as the driver wants PTX to."""
    lines = []
    for kernel in kernels:
        lines.append(f'__attribute__((visibility("hidden"))) const unsigned char __{kernel.name}_start[] =')
        lines += [f'  "{_escaped(line)}\\n"' for line in kernel.ptx.splitlines()]
        lines.append("  ;")
    return "\n".join(lines) + "\n"


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
