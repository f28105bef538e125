"""What the zoo runs with."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "python"), str(Path(__file__).parent)]


def pytest_addoption(parser) -> None:
    parser.addoption("--all", action="store_true", help="also fixed sizes, and the rarer models")


def pytest_configure(config) -> None:
    config.addinivalue_line("markers", "rare: run with --all only")


def pytest_collection_modifyitems(config, items) -> None:
    if not config.getoption("--all"):
        items[:] = [item for item in items if item.get_closest_marker("rare") is None]


@pytest.fixture(scope="session")
def program() -> Path:
    """The program `hearth` of the release build, or $HEARTH_BINARY."""
    return Path(os.environ.get("HEARTH_BINARY") or ROOT / "build" / "release" / "hearth")


@pytest.fixture(scope="session")
def target(program) -> str:
    """The best target of this machine."""
    listed = subprocess.run([program, "devices", "--json"], capture_output=True, text=True, check=True).stdout
    return json.loads(listed)["devices"][0]["targets"][0]
