"""What Inductor leaves to calls is served, taken apart, or refused with a reason in docs/operators.md."""

import re
from pathlib import Path

import torch
from hearth.export.decompositions import decompositions
from hearth.export.gate import runtime_symbols
from torch._inductor import lowering
from torchgen.aoti.fallback_ops import inductor_fallback_ops

DOCS = Path(__file__).resolve().parents[2] / "docs" / "operators.md"

# Inductor makes code of these on the CPU, and calls them only elsewhere.
GENERATED = re.compile(
    r"fractional_max_pool[23]d|hann_window|special_\w+|digamma|i[01]e|igammac?|polygamma|rrelu_with_noise_functional"
)


def refused() -> list[str]:
    """The patterns in the table of what is refused, `*` for anything."""
    section = DOCS.read_text(encoding="utf-8").split("## Refused")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


def left_to_calls() -> set[str]:
    """Names without overloads, of forward passes."""
    names = {str(op) for op in lowering.fallbacks if isinstance(op, torch._ops.OpOverload)} | set(inductor_fallback_ops)
    return {name.split(".")[1] for name in names if name.startswith("aten.")}


def served() -> set[str]:
    symbols = runtime_symbols("x86_64")
    return {symbol.removeprefix("aoti_torch_cpu_").removeprefix("aoti_torch_") for symbol in symbols} | {
        symbol.split("::")[1].split(".")[0] for symbol in symbols if "::" in symbol
    }


def test_every_operator_is_served_or_refused_with_a_reason():
    taken_apart = {op._schema.name.split("::")[1] for op in decompositions()}
    known = served()
    patterns = [re.compile(name.replace("*", r"\w*")) for name in refused()]
    missing = sorted(
        name
        for name in left_to_calls() - taken_apart
        if not any(symbol == name or symbol.startswith(f"{name}_") for symbol in known)
        and not GENERATED.fullmatch(name)
        and not any(pattern.fullmatch(name) for pattern in patterns)
    )
    assert not missing, missing


def test_nothing_is_refused_that_is_served():
    known = served() | {op._schema.name.split("::")[1] for op in decompositions()}
    assert not [name for name in refused() if name in known]
