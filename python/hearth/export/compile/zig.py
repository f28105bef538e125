"""zig's clang from PyPI: one compiler for every target, with its own libc headers and libc++."""

import os
import tempfile
from collections.abc import Callable
from importlib import metadata, util
from pathlib import Path

from hearth.export.compile.headers import leading_includes, precompiled
from hearth.export.compile.toolchain import Toolchain
from hearth.export.errors import ExportError
from hearth.export.targets import Target


def cache_folder() -> Path:
    """Where compiled standard libraries are kept: $HEARTH_CACHE, else the user's cache folder."""
    chosen = os.environ.get("HEARTH_CACHE")
    if chosen:
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hearth"


class ZigCompiler(Toolchain):
    """`zig c++` of the `ziglang` package."""

    def __init__(self) -> None:
        package = util.find_spec("ziglang")
        if package is None or not package.submodule_search_locations:
            raise ExportError("the compiler zig is not installed; run: pip install ziglang==0.17.1")
        self._program = str(Path(package.submodule_search_locations[0]) / "zig")
        self.version = f"ziglang {metadata.version('ziglang')}"
        self._cache = cache_folder() / self.version.replace(" ", "-")

    def command(self, language: str, target: Target, linking: bool = False) -> list[str]:
        cpu = target.link_cpu if linking else target.cpu
        driver = "c++" if language == "c++" else "cc"
        # zig turns on undefined-behaviour traps by default.
        return [self._program, driver, "-target", target.triple, f"-mcpu={cpu}", "-fno-sanitize=undefined"]

    def link_flags(self) -> list[str]:
        return []

    def including(self, source: str, command: list[str], target: Target) -> list[str]:
        header = leading_includes(source)
        if not header:
            return command

        def compile_header(path: Path, result: Path) -> None:
            with tempfile.TemporaryDirectory() as folder:
                self._run([*command, "-x", "c++-header", str(path), "-o", str(result)], Path(folder), target)

        made = precompiled(header, [self.version, *command], self._cache / "headers", compile_header)
        return [*command, "-include-pch", str(made)]

    def environment(self, folder: Path) -> dict[str, str]:
        # The standard library, which takes a minute, is kept; a model's objects go with its folder.
        return {**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(self._cache), "ZIG_LOCAL_CACHE_DIR": str(folder / "cache")}

    def prepare(self, target: Target, announce: Callable[[str], None]) -> None:
        """Builds libc++ for the target's kind of machine, unless the cache has it."""
        stamp = self._cache / f"ready-{target.triple}-{target.link_cpu}"
        if stamp.exists():
            return
        announce(f"building the C++ library for {target.triple} (once, about a minute and a half)")
        self._cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "empty.cpp")
            source.write_text("#include <string>\nstd::string text(const char* s) { return s; }\n")
            command = [
                *self.command("c++", target, linking=True),
                "-shared",
                "-s",
                "-O2",
                "-fPIC",
                "empty.cpp",
                "-o",
                "e.so",
            ]
            self._run(command, Path(folder), target)
        stamp.touch()
