"""Precompiled headers: what generated code includes is the same for all models, and most of what compiling takes."""

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

import torch

_LEADING = re.compile(r"(?:\s*(?://[^\n]*|#include <[^>\n]+>)\n)+")
_INCLUDE = re.compile(r"^\s*(#include <[^>\n]+>)$", re.MULTILINE)
_TORCH_HEADER = Path(torch.__file__).resolve().parent / "include" / "torch" / "csrc" / "inductor" / "cpp_prefix.h"


def leading_includes(source: str) -> str:
    """The `#include <…>` lines before the first line of code, as a header; "" where there are none."""
    leading = _LEADING.match(source)
    return "".join(f"{line}\n" for line in _INCLUDE.findall(leading.group())) if leading else ""


def precompiled(header: str, compiler: list[str], cache: Path, compile_header: Callable[[Path, Path], None]) -> Path:
    """The file that `compiler` (program and flags, without files) makes of the text `header`, from `cache` when it has
    been made before, for the same headers of PyTorch. `compile_header(header, result)` makes it of a file. Processes
    may ask at once."""
    state = _TORCH_HEADER.stat()
    facts = [header, *compiler, torch.__version__, str(_TORCH_HEADER), str(state.st_mtime_ns)]
    name = hashlib.sha256("\0".join(facts).encode()).hexdigest()[:32]
    made = cache / f"{name}.pch"
    if not made.exists():
        cache.mkdir(parents=True, exist_ok=True)
        # The compiler looks at the header again whenever it reads the result: it has to stay, and to stay the same.
        source = cache / f"{name}.h"
        if not source.exists():
            _place(source, lambda path: path.write_text(header))
        _place(made, lambda path: compile_header(source, path))
    return made


def _place(path: Path, make: Callable[[Path], object]) -> None:
    """Has `make` write a file of its own, which then becomes `path`, unless another process was first."""
    own = path.with_name(f"{path.name}.{os.getpid()}")
    make(own)
    try:
        os.link(own, path)
    except FileExistsError:
        pass
    finally:
        own.unlink()
