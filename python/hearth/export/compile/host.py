"""g++ or clang++ of the machine that exports, for targets of its own architecture."""

import platform
import re
import shutil
import subprocess

from hearth.export.compile.toolchain import Toolchain
from hearth.export.errors import ExportError
from hearth.export.targets import Target


class HostCompiler(Toolchain):
    """A compiler found on PATH. The library needs this machine's libc or a newer one, and nothing else: the C++ library
    is linked in, and OpenMP's functions are left to the runtime."""

    def __init__(self, name: str) -> None:
        # Debian installs clang only under versioned names.
        names = [name, *(f"{name}-{version}" for version in range(40, 13, -1))]
        program = next((found for found in map(shutil.which, names) if found), None)
        if program is None:
            raise ExportError(f"the compiler {name} is not installed; install it, or use --compiler zig")
        self._program = program
        self.gnu = name == "g++"
        first = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.splitlines()[:1]
        number = re.search(r"\d+\.\d+\.\d+", first[0] if first else "")
        self.version = f"{name} {number.group() if number else 'unknown'}"

    def command(self, language: str, target: Target, linking: bool = False) -> list[str]:
        if target.machine != platform.machine() or target.system != platform.system().lower():
            raise ExportError(f"{target.name}: {self.version} compiles for this machine only; use --compiler zig")
        if linking:
            return [self._program, "-fPIC"]
        flags = [f"-march={target.march}"]
        # STB_GNU_UNIQUE symbols would keep the library loaded for ever.
        flags += ["-fno-gnu-unique"] if self.gnu else []
        return [self._program, *(["-x", "c"] if language == "c" else []), *flags]

    def link_flags(self) -> list[str]:
        return ["-static-libstdc++", "-static-libgcc", "-Wl,--exclude-libs,ALL", "-Wl,-z,relro,-z,now"]
