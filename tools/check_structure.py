#!/usr/bin/env python3
"""Checks the house's structure: includes point down the strata, and files stay short.

usage: tools/check_structure.py [ROOT]     exit status 1 when something is out of place, with one line each
"""

import re
import subprocess
import sys
from pathlib import Path

# Bottom first. A room may include itself and rooms before it.
STRATA = [
    "base",
    "tensor",
    "archive",
    "hal",
    "kernels",
    "aoti",
    "graph",
    "model",
    "text",
    "media",
    "pipelines",
    "library",
    "apps",
]
# Rooms that look at bytes or pixels only: no device, no compiled code.
PURE = {"tensor": {"base"}, "archive": {"base", "tensor"}, "text": {"base"}, "media": {"base", "tensor", "archive"}}
SOURCE_SUFFIXES = {".h", ".cc", ".c", ".py", ".sh", ".cmake"}
LONGEST_FILE = 1200
LONGEST_P90 = 500

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
OPENS_LIBRARIES = re.compile(r"\bdl(m?open|sym)\s*\(")
CONDITIONAL_DEVICE = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b.*\b(CUDA|METAL)\b")


def tracked_files(root: Path) -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [Path(name) for name in listing.stdout.splitlines()]
    return [path for path in paths if path.suffix in SOURCE_SUFFIXES and (root / path).is_file()]


def room_of(path: Path) -> str | None:
    """The stratum that a file belongs to, or None outside of src/ and apps/."""
    if path.parts[0] == "src" and len(path.parts) > 2:
        return path.parts[1]
    return "apps" if path.parts[0] == "apps" else None


def check_include(path: Path, line_number: int, target: str) -> str | None:
    room = room_of(path)
    other = target.split("/")[0]
    if room is None or other == room or other not in STRATA:
        return None
    if room not in STRATA:
        return f"{path}: the room '{room}' is not in tools/check_structure.py"
    allowed = PURE.get(room, set(STRATA[: STRATA.index(room)]))
    if other in allowed:
        return None
    return f"{path}:{line_number}: {room} must not include {target}: arrows point down only"


def check_lines(path: Path, lines: list[str]) -> list[str]:
    problems = []
    room = room_of(path)
    for number, line in enumerate(lines, 1):
        if include := INCLUDE.match(line):
            problem = check_include(path, number, include.group(1))
            problems += [problem] if problem else []
        if room and room not in ("aoti", "hal") and OPENS_LIBRARIES.search(line) and "_test" not in path.stem:
            problems.append(f"{path}:{number}: only aoti and hal may open libraries")
        if room and room not in ("hal", "kernels") and CONDITIONAL_DEVICE.match(line):
            problems.append(f"{path}:{number}: a device is chosen by folder, not by #if")
    return problems


def main() -> int:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    problems: list[str] = []
    lengths: list[tuple[int, Path]] = []
    for path in tracked_files(root):
        lines = (root / path).read_text(encoding="utf-8").splitlines()
        lengths.append((len(lines), path))
        if len(lines) > LONGEST_FILE:
            problems.append(f"{path}: {len(lines)} lines, the most is {LONGEST_FILE}")
        if path.suffix in {".h", ".cc", ".c"}:
            problems += check_lines(path, lines)
    lengths.sort()
    p90, longest = lengths[len(lengths) * 9 // 10], lengths[-1]
    if p90[0] > LONGEST_P90:
        problems.append(f"nine files in ten must have at most {LONGEST_P90} lines, here it is {p90[0]}")
    for problem in problems:
        print(problem)
    median = lengths[len(lengths) // 2]
    print(f"{len(lengths)} files, median {median[0]} lines, p90 {p90[0]}, longest {longest[0]} ({longest[1]})")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
