"""What the program weighs and what it is linked to."""

import re
import shutil

from programs import HEARTH, hearth, run_program


def test_neither_torch_nor_a_second_openmp_is_linked():
    libraries = [line.split()[0] for line in run_program("ldd", HEARTH).stdout.splitlines()]
    assert any(name.startswith("libstdc++") for name in libraries)
    unwanted = re.compile("torch|c10|gomp|iomp|libomp|python")
    assert not [name for name in libraries if unwanted.search(name)]


def test_the_stripped_program_is_small(tmp_path):
    shutil.copy(HEARTH, tmp_path / "hearth")
    assert run_program("strip", tmp_path / "hearth").returncode == 0
    assert (tmp_path / "hearth").stat().st_size <= 12_000_000


def test_release_builds_are_hardened():
    facts = run_program("readelf", "-lWd", HEARTH).stdout
    assert "GNU_RELRO" in facts
    assert "BIND_NOW" in facts or "NOW" in facts
    assert "__stack_chk_fail" in run_program("nm", "-D", HEARTH).stdout


def test_help_shows_examples_and_exit_statuses():
    for command in ("run", "classify", "inspect", "verify", "bench", "devices"):
        done = hearth(command, "--help")
        assert done.returncode == 0
        assert "Examples:" in done.stdout
        assert f"hearth {command}" in done.stdout
        assert "3 the file was refused" in done.stdout
