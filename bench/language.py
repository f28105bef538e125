"""A language model beside llama.cpp, interleaved: both read a prompt and generate, in turns. Writes
bench/results/language-DATE.json; bench/render.py makes the table of docs/performance.md.

usage: python bench/language.py MODEL.pt2 LLAMA_BENCH MODEL.gguf [--rounds 7] [--threads 2]

The two files hold the same shapes; random weights do. LLAMA_BENCH is llama.cpp's own program, built for this machine.
llama.cpp generates after an empty context, Hearth after four tokens.
"""

import argparse
import json
import statistics
import subprocess
from collections import defaultdict
from pathlib import Path

from machine import file_name, stamp

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build" / "hearth"
SHORT_PROMPT = 4


def run_json(command: list) -> dict | list:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def hearth_rates(model: Path, threads: int, prompt: int, generated: int) -> dict[str, float]:
    """Tokens per second of Hearth by what is done."""
    command = [PROGRAM, "bench", model, "--threads", threads, "--generated", generated, "--rounds", 1, "--json"]
    command += ["--lengths", f"{SHORT_PROMPT},{prompt}"]
    results = run_json(command)["results"]
    rates = {(result["test"], result["length"]): result["median"] for result in results}
    return {"read": rates["read", prompt], "generate": rates["generate", SHORT_PROMPT]}


def llama_rates(program: Path, model: Path, threads: int, prompt: int, generated: int) -> dict[str, float]:
    """Tokens per second of llama.cpp by what is done."""
    command = [program, "-m", model, "-t", threads, "-p", prompt, "-n", generated, "-r", 1, "-o", "json"]
    return {"read" if test["n_prompt"] else "generate": test["avg_ts"] for test in run_json(command)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("llama_bench", type=Path)
    parser.add_argument("gguf", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prompt", type=int, default=512, help="tokens to read")
    parser.add_argument("--generated", type=int, default=24, help="tokens to generate")
    options = parser.parse_args()
    work = options.threads, options.prompt, options.generated
    rates: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(options.rounds):
        measured = {
            "llama.cpp": llama_rates(options.llama_bench, options.gguf, *work),
            "hearth": hearth_rates(options.model, *work),
        }
        for engine, by_test in measured.items():
            for test, rate in by_test.items():
                rates[test][engine].append(round(rate, 3))
        print({test: {engine: values[-1] for engine, values in engines.items()} for test, engines in rates.items()})
    result = stamp() | {
        "model": options.model.stem,
        "gguf": options.gguf.stem,
        "threads": options.threads,
        "rounds": options.rounds,
        "prompt": options.prompt,
        "generated": options.generated,
        "unit": "tokens/s",
        "rates": rates,
    }
    path = ROOT / "bench" / "results" / file_name("language", result)
    path.write_text(json.dumps(result) + "\n")
    for test, engines in rates.items():
        ours, theirs = (statistics.median(engines[name]) for name in ("hearth", "llama.cpp"))
        print(f"{test:9s} hearth {ours:6.2f}   llama.cpp {theirs:6.2f}   {ours / theirs:.2f}x")


if __name__ == "__main__":
    main()
