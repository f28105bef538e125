"""What every compiler has in common: flags, the three objects of a library, running commands, reporting failures."""

import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from hearth.export.cuda.embed import embedding_source
from hearth.export.errors import ExportError
from hearth.export.lower import Sources
from hearth.export.targets import Target

_PACKAGE = Path(__file__).resolve().parent.parent
_RUNTIME = _PACKAGE / "runtime"
_INCLUDE = _PACKAGE / "include"
_TORCH_INCLUDE = Path(torch.__file__).resolve().parent / "include"


class Toolchain(ABC):
    """A C++ compiler. `version` names it in the manifest; `gnu` is true when it speaks g++'s dialect."""

    version: str
    gnu = False

    @abstractmethod
    def command(self, language: str, target: Target, linking: bool = False) -> list[str]:
        """The program and the flags that choose the machine. `language`: "c" or "c++". ExportError when this compiler
        cannot serve the target."""

    @abstractmethod
    def link_flags(self) -> list[str]:
        """Flags of the link step beyond those that all compilers share."""

    def prepare(self, target: Target, announce: Callable[[str], None]) -> None:
        """Does what is needed once per machine and may take long, after announcing it."""

    def environment(self, folder: Path) -> dict[str, str]:
        """Environment of the compiler's processes that work in `folder`."""
        return dict(os.environ)

    def including(self, source: str, command: list[str], target: Target) -> list[str]:
        """`command` with what makes the headers that `source` includes quicker to read."""
        return command

    def compile(self, sources: Sources, target: Target, folder: Path) -> bytes:
        """Builds the library of one method in `folder` (fresh, used up). Returns the bytes of the shared object."""
        folder.mkdir(parents=True)
        (folder / "wrapper.cpp").write_text(sources.wrapper)
        (folder / "kernel.cpp").write_text(sources.kernel)
        for name in ("stub.c", "check.cpp", "exports.map"):
            shutil.copy(_RUNTIME / name, folder)
        plain = ["stub"]
        if sources.gpu_kernels:
            (folder / "gpu_kernels.c").write_text(embedding_source(sources.gpu_kernels))
            plain.append("gpu_kernels")
        cpp, c = self.command("c++", target), self.command("c", target)
        flags = _cpp_flags(target)
        jobs = [
            # -O1: the wrapper is straight-line code that runs once, and -O3 takes three times as long on it.
            [*self.including(sources.wrapper, [*cpp, *flags, "-O1"], target), "-c", "wrapper.cpp", "-o", "wrapper.o"],
            [*self.including(sources.kernel, [*cpp, *flags, "-O3"], target), "-c", "kernel.cpp", "-o", "kernel.o"],
            [*cpp, *flags, "-O2", "-c", "check.cpp", "-o", "check.o"],
            *([*c, "-O2", "-fPIC", "-fvisibility=hidden", "-c", f"{name}.c", "-o", f"{name}.o"] for name in plain),
        ]
        with ThreadPoolExecutor(max_workers=2) as pool:
            list(pool.map(lambda job: self._run(job, folder, target), jobs))
        link = [*self.command("c++", target, linking=True), "-shared", "-s", "-O2"]
        link += ["wrapper.o", "kernel.o", "check.o", *(f"{name}.o" for name in plain), "-o", "model.so"]
        link += [f"-Wl,{flag}" for flag in ("-z,noexecstack", "--build-id=none", "--gc-sections")]
        self._run([*link, "-Wl,--version-script=exports.map", *self.link_flags()], folder, target)
        return (folder / "model.so").read_bytes()

    def _run(self, command: list[str], folder: Path, target: Target) -> None:
        """Runs one compiler process in `folder`, where files are called by their bare names: zig's cache and the
        objects depend on how a path is spelled."""
        try:
            done = subprocess.run(command, cwd=folder, env=self.environment(folder), capture_output=True, text=True)
        except OSError as error:
            raise ExportError(f"cannot run the compiler {command[0]}: {error.strerror}") from error
        if done.returncode != 0:
            errors = [line for line in done.stderr.splitlines() if "error" in line.lower()]
            reason = errors[0] if errors else done.stderr.strip() or f"exit status {done.returncode}"
            raise ExportError(
                f"{target.name}: the compiler ({self.version}) failed: {reason}\n"
                f"command: {' '.join(command)}\nin folder: {folder}"
            )


def _cpp_flags(target: Target) -> list[str]:
    """Flags for generated C++: the numerics that Inductor asks for, nothing from the host in the object."""
    defines = ["NDEBUG", "TORCH_INDUCTOR_CPP_WRAPPER", "STANDALONE_TORCH_HEADER", "C10_USING_CUSTOM_GENERATED_MACROS"]
    defines += ["USE_MMAP_EXTERNAL", f"CPU_CAPABILITY_{target.capability}", f"CPU_CAPABILITY={target.capability}"]
    includes = [_INCLUDE / "arm64"] if target.machine == "aarch64" else []
    includes += [_INCLUDE / "cuda"] if target.device == "cuda" else []
    includes += [_INCLUDE, _TORCH_INCLUDE, _TORCH_INCLUDE / "torch" / "csrc" / "api" / "include"]
    return [
        "-std=c++20",
        "-w",
        "-fPIC",
        # zig writes debug information unless told not to: a fifth of the time, and the link drops it.
        "-g0",
        "-fopenmp",
        *(f"-D{name}" for name in (*defines, *target.macros)),
        *("-fno-trapping-math", "-fno-signed-zeros", "-ffp-contract=off", "-fmath-errno"),
        *("-fvisibility=hidden", "-fvisibility-inlines-hidden", "-ffunction-sections", "-fdata-sections"),
        f"-ffile-prefix-map={_TORCH_INCLUDE}=torch",
        f"-ffile-prefix-map={_PACKAGE}=hearth",
        *(f"-I{path}" for path in includes),
    ]
