"""Compilers that turn generated C++ into a library."""

from hearth.export.compile.host import HostCompiler
from hearth.export.compile.toolchain import Toolchain
from hearth.export.compile.zig import ZigCompiler
from hearth.export.errors import ExportError

COMPILERS = ("zig", "g++", "clang++")


def find_compiler(name: str) -> Toolchain:
    """The toolchain called `name` ("zig", "g++", "clang++"). ExportError when it is unknown or not installed."""
    if name == "zig":
        return ZigCompiler()
    if name in COMPILERS:
        return HostCompiler(name)
    raise ExportError(f"unknown compiler {name!r}; choose from {', '.join(COMPILERS)}")


__all__ = ["COMPILERS", "Toolchain", "find_compiler"]
