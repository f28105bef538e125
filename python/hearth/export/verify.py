"""Runs the program `hearth` on a finished file, where there is one: the native code against the goldens."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Verdict:
    """What `hearth verify` said. `outputs`: as the program reports them; `message`: why there are none."""

    ok: bool
    outputs: list[dict]
    message: str = ""


def find_hearth() -> Path | None:
    """The program: $HEARTH_BINARY, else build/hearth of the source tree, else the one on PATH."""
    chosen = os.environ.get("HEARTH_BINARY")
    tree = Path(__file__).resolve().parents[3]
    on_path = shutil.which("hearth")
    candidates = [Path(chosen)] if chosen else [tree / "build" / "hearth", *([Path(on_path)] if on_path else [])]
    return next((path for path in candidates if path.is_file() and os.access(path, os.X_OK)), None)


def verify(program: Path, file: Path) -> Verdict:
    """Runs `hearth verify FILE --json`."""
    try:
        done = subprocess.run([program, "verify", file, "--json"], capture_output=True, text=True, timeout=600)
        answer = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Verdict(False, [], f"{program} could not be run: {error}")
    except ValueError:
        return Verdict(False, [], (done.stderr or done.stdout).strip() or f"exit status {done.returncode}")
    outputs = [
        {"method": method["method"], "target": method["target"], **output}
        for method in answer.get("methods", [])
        for output in method.get("outputs", [])
    ]
    return Verdict(bool(answer.get("ok")), outputs)
