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
MODELS = "<!-- tables of models from bench/render.py -->\n", "<!-- end of tables of models -->\n"
LANGUAGE = "<!-- tables of language models from bench/render.py -->\n", "<!-- end of tables of language models -->\n"
KERNELS = "<!-- tables of kernels from bench/render.py -->\n", "<!-- end of tables of kernels -->\n"
# What each of ours is measured against.
PEERS = {
    "hearth f32": ("onnxruntime", "openvino f32", "executorch xnnpack"),
    "hearth bf16": ("openvino default",),
    "hearth i8": ("hearth bf16",),
}


def newest(kind: str) -> list[dict]:
    """The newest run of every processor, latest first."""
    runs = [json.loads(path.read_text()) for path in (ROOT / "bench" / "results").glob(f"{kind}-*.json")]
    latest: dict[tuple, dict] = {}
    for run in sorted(runs, key=lambda run: run["date"]):
        latest[run["processor"]["name"], tuple(run["processor"]["features"])] = run
    return sorted(latest.values(), key=lambda run: run["date"], reverse=True)


def _heading(run: dict) -> str:
    processor = run["processor"]
    return (
        f"### {processor['name']}, {run['cores']} cores, {run['date'][:10]}\nWith {', '.join(processor['features'])}."
    )


def model_table(run: dict) -> str:
    """One run of whole models as Markdown."""
    lines = [
        f"{_heading(run)} {run['threads']} threads. Versions: "
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


def language_table(run: dict) -> str:
    """One run of a language model beside llama.cpp as Markdown."""
    lines = [
        f"{_heading(run)} {run['threads']} threads, medians of {run['rounds']} rounds, {run['unit']}.",
        "",
        "| model | what | Hearth | llama.cpp | beside |",
        "|---|---|---|---|---|",
    ]
    tokens = {"read": run["prompt"], "generate": run["generated"]}
    for test, engines in run["rates"].items():
        ours, theirs = (statistics.median(engines[name]) for name in ("hearth", "llama.cpp"))
        what = f"{test} {tokens[test]} tokens"
        lines.append(f"| {run['model']} | {what} | {ours:.1f} | {theirs:.1f} | **{ours / theirs:.2f}×** |")
    return "\n".join(lines) + "\n"


def kernel_table(run: dict) -> str:
    """One run of kernels with all threads as Markdown: a line for each shape, the dtypes beside each other."""
    shapes: dict[str, dict[str, dict]] = {}
    for case, values in run["cases"].items():
        kind, dtype, shape, threads = case.split("/")
        if threads == f"threads:{run['cores']}":
            shapes.setdefault(f"{kind} {shape}", {})[dtype] = values
    dtypes = ("f32", "bf16", "i8")
    lines = [f"{_heading(run)}", "", f"| kernel | {' | '.join(f'{dtype} | rate | of peak' for dtype in dtypes)} |"]
    lines.append("|---" * (1 + 3 * len(dtypes)) + "|")
    for shape, measured in shapes.items():
        cells = [shape]
        for values in (measured.get(dtype) for dtype in dtypes):
            if values is None:
                cells += ["", "", ""]
                continue
            rate = values["onednn_us"] / values["hearth_us"]
            cells += [f"{values['hearth_us']:.0f} µs", f"{rate:.2f}×", f"{100 * values['of_peak']:.0f} %"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def rendered(text: str) -> str:
    """The document with its tables made anew."""
    for (begin, end), kind, table in (
        (MODELS, "end-to-end", model_table),
        (LANGUAGE, "language", language_table),
        (KERNELS, "kernels", kernel_table),
    ):
        before, rest = text.split(begin)
        _, after = rest.split(end)
        text = before + begin + "\n" + "\n".join(map(table, newest(kind))) + "\n" + end + after
    return text


def main() -> None:
    text = DOCUMENT.read_text()
    wanted = rendered(text)
    if "--check" in sys.argv:
        sys.exit(f"{DOCUMENT.name} is out of date: run python bench/render.py" if text != wanted else None)
    DOCUMENT.write_text(wanted)


if __name__ == "__main__":
    main()
