"""The programs under test: where they are built, how they are run."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("HEARTH_BUILD", ROOT / "build"))
HEARTH = BUILD / "release" / "hearth"


def run_program(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess:
    """Runs a command and captures what it says."""
    command = [str(argument) for argument in arguments]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


def hearth(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess:
    """Runs the `hearth` program."""
    return run_program(HEARTH, *arguments, **environment)


def hearth_json(*arguments: str | Path):
    """What `hearth … --json` answers; the command must succeed."""
    done = hearth(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def native_targets() -> list[str]:
    """The targets that this machine's processor runs, best first."""
    (cpu,) = (device for device in hearth_json("devices")["devices"] if device["name"] == "cpu")
    return cpu["targets"]


def native_target() -> str:
    return native_targets()[0]


def run_method(file: Path, method: str, inputs: list[np.ndarray], folder: Path, *options: str) -> list[np.ndarray]:
    """The outputs of a method, through `hearth run`, files in `folder`."""
    arguments = []
    for index, value in enumerate(inputs):
        path = folder / f"input_{index}.npy"
        np.save(path, value)
        arguments += ["--input", f"{index}={path}"]
    done = hearth("run", file, method, *arguments, "--output", folder / "out", *options)
    assert done.returncode == 0, done.stderr
    count = len(list((folder / "out").glob("*.npy")))
    return [np.load(folder / "out" / f"{index}.npy") for index in range(count)]
