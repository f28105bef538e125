"""Products and convolutions beside oneDNN's, each by turns on the same machine. Writes bench/results/kernels-DATE.json.

usage: tools/build.sh bench gemm_bench convolution_bench && python bench/kernels.py [--filter REGEX]

`make bench` does all of it, and makes the table of docs/performance.md.
"""

import argparse
import json
import subprocess
from pathlib import Path

from machine import file_name, stamp

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "build" / "bench" / "src" / "kernels"
RESULTS = ROOT / "bench" / "results"


def measure(program: str, pattern: str) -> dict[str, dict]:
    """Microseconds of ours and theirs (medians), and our fraction of the multipliers' peak, by case."""
    command = [PROGRAMS / program, f"--benchmark_filter={pattern}", "--benchmark_format=json"]
    done = subprocess.run([*command, "--benchmark_min_time=0.4"], check=True, stdout=subprocess.PIPE, text=True)
    cases = {}
    for case in json.loads(done.stdout)["benchmarks"]:
        values = {key: round(case[key], 3) for key in ("hearth_us", "onednn_us", "of_peak")}
        cases[case["name"].removesuffix("/real_time")] = values
    return cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--filter", default=".", help="cases to measure")
    options = parser.parse_args()
    result = stamp() | {"cases": {}}
    for program in ("gemm_bench", "convolution_bench"):
        result["cases"] |= measure(program, options.filter)
    path = RESULTS / file_name("kernels", result)
    path.write_text(json.dumps(result, indent=0) + "\n")
    print(f"written to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
