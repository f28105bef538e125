"""What the zoo runs with."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "python"), str(Path(__file__).parent)]


@pytest.fixture(scope="session")
def program() -> Path:
    """The program `hearth` of the release build, or $HEARTH_BINARY."""
    return Path(os.environ.get("HEARTH_BINARY") or ROOT / "build" / "release" / "hearth")


@pytest.fixture(scope="session")
def target(program) -> str:
    """The best target of this machine."""
    listed = subprocess.run([program, "devices", "--json"], capture_output=True, text=True, check=True).stdout
    (cpu,) = (device for device in json.loads(listed)["devices"] if device["name"] == "cpu")
    return cpu["targets"][0]
