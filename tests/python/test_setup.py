"""The scripts that set a machine up."""

import shutil

import pytest
from programs import ROOT, run_program

SCRIPTS = ("install_nvcc.sh", "make_venv.sh", "nvcc_requirements.txt")
VERSIONS = {
    "release 13.0, V13.0.88": True,
    "release 12.8, V12.8.61": True,
    "release 12.6, V12.6.20": False,
    "release 9.2, V9.2.148": False,
    "nothing of the kind": False,
}


@pytest.mark.parametrize("says", VERSIONS)
def test_an_nvcc_of_the_path_is_taken_when_it_is_new_enough(tmp_path, says):
    (tmp_path / "tools").mkdir()
    for name in SCRIPTS:
        shutil.copy(ROOT / "tools" / name, tmp_path / "tools")
    nvcc = tmp_path / "nvcc"
    nvcc.write_text(f"#!/bin/sh\necho 'Cuda compilation tools, {says}'\n")
    nvcc.chmod(0o755)
    # A Python that makes no environment: nothing is downloaded.
    done = run_program(tmp_path / "tools" / "install_nvcc.sh", PATH=f"{tmp_path}:/usr/bin:/bin", PYTHON="/bin/false")
    enough = VERSIONS[says]
    assert (done.returncode == 0) == enough, done.stderr
    assert ("Making the Python environment .venv-cuda" in done.stdout) != enough
