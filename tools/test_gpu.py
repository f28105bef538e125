#!/usr/bin/env python3
"""Runs the tests of GPUs on a real one and writes bench/results/test-gpu-DATE.json.

usage: tools/test_gpu.py [--all] [--results FOLDER]     --all: the whole zoo, too

Exit status: 0 all passed, 1 some failed, 4 there is no GPU. HEARTH_CUDA_DRIVER names another driver than libcuda.so.1.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from run_tests import BUILD, PYTHON, REPORTS, ROOT, Tally, build, run

sys.path.insert(0, str(ROOT / "bench"))
from machine import file_name, first_gpu, stamp

RELEASE = BUILD / "release"
TARGETS = ("hearth", "hearth_hal_test", "hearth_kernels_test")
NOT_THERE = 4


def steps(options: argparse.Namespace) -> dict[str, list[str]]:
    """Commands by name; each gets the file to write its report to."""
    rare = ["--all"] if options.all else []
    pytest = [PYTHON, "-m", "pytest", "-q", "-p", "no:logging"]
    return {
        "hal": [str(RELEASE / "src/hal/hearth_hal_test"), "--gtest_filter=*Contract*cuda*", "--gtest_output=xml:{}"],
        "kernels": [str(RELEASE / "src/kernels/hearth_kernels_test"), "--gtest_filter=Gpu*", "--gtest_output=xml:{}"],
        "models": [*pytest, "tests/python/test_cuda_run.py", "--junitxml={}"],
        "zoo": [*pytest, "tests/zoo/test_zoo_cuda.py", *rare, "--junitxml={}"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--results", type=Path, default=ROOT / "bench" / "results")
    options = parser.parse_args()
    os.environ.setdefault("HEARTH_CUDA_DRIVER", "libcuda.so.1")
    REPORTS.mkdir(parents=True, exist_ok=True)
    tally = Tally()
    if not build(tally, "release", *TARGETS):
        return 1
    gpu = first_gpu(RELEASE / "hearth")
    if gpu is None:
        return NOT_THERE
    result = stamp() | {"gpu": gpu, "steps": {}}
    for name, command in steps(options).items():
        report = REPORTS / f"gpu-{name}.xml"
        report.unlink(missing_ok=True)
        begun, before, failed = time.monotonic(), tally.passed, len(tally.failures)
        run([word.format(report) for word in command])
        tally.add_junit(name, report)
        result["steps"][name] = {
            "passed": tally.passed - before,
            "failed": tally.failures[failed:],
            "seconds": round(time.monotonic() - begun, 1),
        }
    options.results.mkdir(parents=True, exist_ok=True)
    path = options.results / file_name("test-gpu", result)
    path.write_text(json.dumps(result) + "\n")
    print(f"\n{tally.passed} passed, {len(tally.failures)} failed; written to {path}")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
