"""Writes the tables of docs/performance.md from the newest data of each processor in bench/results.

usage: python bench/render.py [--check]

--check says whether the document is as the data want it, and changes nothing.
"""

import json
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- tables from bench/render.py -->\n", "<!-- end of tables -->\n"
# What each of ours is measured against.
PEERS = {
    "hearth f32": ("onnxruntime", "openvino f32", "executorch xnnpack"),
    "hearth bf16": ("openvino default",),
    "hearth i8": ("hearth bf16",),
}


def newest() -> list[dict]:
    """The newest run of every processor, latest first."""
    runs = [json.loads(path.read_text()) for path in (ROOT / "bench" / "results").glob("end-to-end-*.json")]
    latest: dict[tuple, dict] = {}
    for run in sorted(runs, key=lambda run: run["date"]):
        latest[run["processor"]["name"], tuple(run["processor"]["features"])] = run
    return sorted(latest.values(), key=lambda run: run["date"], reverse=True)


def table(run: dict) -> str:
    """One run as Markdown."""
    processor = run["processor"]
    lines = [
        f"### {processor['name']}, {run['cores']} cores, {run['threads']} threads, {run['date'][:10]}",
        f"With {', '.join(processor['features'])}. Versions: "
        + ", ".join(f"{name} {version}" for name, version in run["versions"].items())
        + f". Medians of {run['rounds']} rounds, batch 1.",
        "",
        "| model | engine | median | fastest | beside | load | first run | error |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for model, measured in run["models"].items():
        medians = {name: statistics.median(times) for name, times in measured["times"].items()}
        for name, times in measured["times"].items():
            started = measured["started"][name]
            cells = [model, name, f"{medians[name]:.2f} ms", f"{min(times):.2f} ms", _beside(name, medians)]
            cells += [f"{started['load_ms']:.0f} ms", f"{started['first_run_ms']:.0f} ms"]
            lines.append(f"| {' | '.join(cells)} | {measured['errors'][name]:.0e} |")
        lines += [f"| {model} | {name} | {reason} |" for name, reason in measured["missing"].items()]
    return "\n".join(lines) + "\n"


def _beside(name: str, medians: dict[str, float]) -> str:
    """How long ours takes, as a multiple of the fastest that it is measured against."""
    peers = {peer: medians[peer] for peer in PEERS.get(name, ()) if peer in medians}
    if not peers:
        return ""
    fastest = min(peers, key=peers.get)
    return f"**{medians[name] / peers[fastest]:.2f}×** {fastest}"


def rendered(text: str) -> str:
    """The document with its tables made anew."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + "\n" + "\n".join(map(table, newest())) + "\n" + END + after


def main() -> None:
    text = DOCUMENT.read_text()
    wanted = rendered(text)
    if "--check" in sys.argv:
        sys.exit(f"{DOCUMENT.name} is out of date: run python bench/render.py" if text != wanted else None)
    DOCUMENT.write_text(wanted)


if __name__ == "__main__":
    main()
