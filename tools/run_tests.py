#!/usr/bin/env python3
"""Runs every test and closes with the line `N passed, N failed`.

usage: tools/run_tests.py [STEP...]     all steps, or those whose names are given (`--list` names them)

Environment: HEARTH_FUZZ_SECONDS (20) is how long each fuzzer runs.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
REPORTS = BUILD / "reports"
PYTHON = sys.executable
CLANG_TIDY = str(ROOT / ".venv-tools" / "bin" / "clang-tidy")
PYTHON_FOLDERS = ["bench", "demo", "python", "tests", "tools"]
FUZZ_SECONDS = int(os.environ.get("HEARTH_FUZZ_SECONDS", "20"))
THREADED_ROOMS = ["base", "hal", "kernels", "aoti", "model", "text"]
# Of the kernels' tests, which take minutes under TSan, those that have to do with threads.
THREADED_TESTS = "^(base|hal|aoti|model|text)/|^kernels/.*(Thread|Team|AnswersAsTheReferenceDoes)"
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}


@dataclass
class Tally:
    """What has been run so far."""

    passed: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)

    def check(self, name: str, good: bool) -> bool:
        if good:
            self.passed += 1
        else:
            self.failures.append(name)
            print(f"FAILED: {name}", flush=True)
        return good

    def add_junit(self, step: str, report: Path) -> None:
        """Adds the cases of a JUnit file; a missing file is one failure."""
        if not report.is_file():
            self.check(f"{step}: no report was written", False)
            return
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            if case.find("skipped") is not None:
                self.skipped += 1
                continue
            good = case.find("failure") is None and case.find("error") is None
            self.check(f"{step}: {case.get('classname', '')} {case.get('name', '')}", good)


def run(command: list[str], **environment: str) -> bool:
    """Runs a command in the project's root with its output shown; true when it exits with 0."""
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, check=False).returncode == 0


def build(tally: Tally, preset: str, *targets: str) -> bool:
    return tally.check(f"build {preset}", run(["tools/build.sh", preset, *targets]))


def check_sources(tally: Tally) -> None:
    tally.check("structure", run([PYTHON, "tools/check_structure.py"]))
    sources = subprocess.run(
        ["git", "ls-files", "*.h", "*.cc", "*.c"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    tally.check("clang-format", run(["clang-format-19", "--dry-run", "-Werror", *sources]))
    tally.check("ruff check", run([PYTHON, "-m", "ruff", "check", "--quiet", *PYTHON_FOLDERS]))
    tally.check("ruff format", run([PYTHON, "-m", "ruff", "format", "--check", "--quiet", *PYTHON_FOLDERS]))


def ctest(tally: Tally, preset: str, select: str = ".") -> None:
    report = REPORTS / f"ctest-{preset}.xml"
    report.unlink(missing_ok=True)
    command = ["ctest", "--test-dir", str(BUILD / preset), "-R", select, "-j2", "--output-junit", str(report)]
    run([*command, "--output-on-failure", "--progress"], **SANITIZER_OPTIONS)
    tally.add_junit(preset, report)


def test_release(tally: Tally) -> None:
    if build(tally, "release"):
        ctest(tally, "release")


def tidy_one(source: str) -> bool:
    command = [CLANG_TIDY, "-p", str(BUILD / "release"), "--quiet", source]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout, flush=True)
    return done.returncode == 0


def check_tidy(tally: Tally) -> None:
    """clang-tidy on what ships, with the commands of the release build."""
    listed = subprocess.run(
        ["git", "ls-files", "src/*.cc", "apps/*.cc"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    others = re.compile(r"_(test|fuzz|bench|neon)\.cc$|/testing/")
    sources = [source for source in listed.stdout.split() if not others.search(source)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        for source, good in zip(sources, pool.map(tidy_one, sources), strict=True):
            tally.check(f"clang-tidy {source}", good)


def test_sanitized(tally: Tally) -> None:
    if build(tally, "asan"):
        ctest(tally, "asan")


def test_threads(tally: Tally) -> None:
    """What has threads, and the programs that tests/python strain it with."""
    targets = [f"hearth_{room}_test" for room in THREADED_ROOMS]
    if build(tally, "tsan", *targets, "model_stress", "sequence_stress", "scheduler_stress", "gpu_stress"):
        ctest(tally, "tsan", THREADED_TESTS)


def fuzz_one(fuzzer: Path) -> bool:
    corpus = BUILD / "fuzz-corpus" / fuzzer.name
    corpus.mkdir(parents=True, exist_ok=True)
    seeds = ROOT / "tests" / "fuzz-corpus" / fuzzer.name.removesuffix("_fuzz")
    folders = [str(corpus)] + ([str(seeds)] if seeds.is_dir() else [])
    limits = [
        f"-max_total_time={FUZZ_SECONDS}",
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-max_len=65536",
        "-verbosity=0",
        "-print_funcs=0",
    ]
    artifacts = f"-artifact_prefix={BUILD}/fuzz-corpus/{fuzzer.name}-"
    return run([str(fuzzer), *folders, *limits, artifacts, "-print_final_stats=1"], **SANITIZER_OPTIONS)


def test_fuzzers(tally: Tally) -> None:
    fuzzers = sorted(path for path in (BUILD / "asan").rglob("*_fuzz") if path.is_file())
    tally.check("fuzzers were built", bool(fuzzers))
    with ThreadPoolExecutor(max_workers=2) as pool:
        for fuzzer, good in zip(fuzzers, pool.map(fuzz_one, fuzzers), strict=True):
            tally.check(f"fuzz {fuzzer.name}", good)


def test_aarch64(tally: Tally) -> None:
    build(tally, "aarch64")


def test_python(tally: Tally) -> None:
    report = REPORTS / "pytest.xml"
    report.unlink(missing_ok=True)
    run(
        [
            PYTHON,
            "-m",
            "pytest",
            "tests/python",
            "-q",
            "-n",
            "2",
            "--dist",
            "loadfile",
            "-p",
            "no:logging",
            f"--junitxml={report}",
        ]
    )
    tally.add_junit("pytest", report)


def test_zoo(tally: Tally, *options: str) -> None:
    report = REPORTS / "zoo.xml"
    report.unlink(missing_ok=True)
    run([PYTHON, "-m", "pytest", "tests/zoo", "-q", "-n", "2", "-p", "no:logging", f"--junitxml={report}", *options])
    tally.add_junit("zoo", report)


# In order: pytest runs the programs that the release and aarch64 steps build.
STEPS: dict[str, Callable[[Tally], None]] = {
    "sources": check_sources,
    "release": test_release,
    "tidy": check_tidy,
    "asan": test_sanitized,
    "fuzz": test_fuzzers,
    "tsan": test_threads,
    "aarch64": test_aarch64,
    "python": test_python,
    "zoo": test_zoo,
}


def main(arguments: list[str]) -> int:
    if "--list" in arguments:
        print("\n".join(STEPS))
        return 0
    if unknown := set(arguments) - set(STEPS):
        print(f"no such step: {', '.join(sorted(unknown))}; there are {', '.join(STEPS)}", file=sys.stderr)
        return 2
    REPORTS.mkdir(parents=True, exist_ok=True)
    tally = Tally()
    for name in arguments or STEPS:
        start = time.monotonic()
        print(f"== {name}", flush=True)
        STEPS[name](tally)
        print(f"== {name}: {time.monotonic() - start:.0f} s", flush=True)
    if tally.failures:
        print("\nFailed:", *tally.failures, sep="\n  ")
    if tally.skipped:
        print(f"\n{tally.skipped} skipped: what this machine or build cannot do")
    print(f"\n{tally.passed} passed, {len(tally.failures)} failed")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
