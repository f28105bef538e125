"""The list of operators that GPUs compute (HEARTH_DEVICE_SYMBOL in symbols.def) is what the shims say."""

import json
import re

import pytest
from hearth.export.gate import operators_of_the_host
from hearth.export.lower import Sources
from programs import ROOT, run_program

AOTI = ROOT / "src" / "aoti"
SHIM_FILES = [path for path in sorted(AOTI.glob("shims_*.cc")) if not path.stem.endswith("_test")]
LINE_MARK = re.compile(r'^# \d+ "([^"]*)".*$')
SHIM = re.compile(r'^extern "C" [^\n]*?\bAotiError (\w+)\(', re.MULTILINE)
FUNCTION = re.compile(r"^[A-Za-z][\w:<>,&* ]*?\b(\w+)\(", re.MULTILINE)
LISTED = re.compile(r"^HEARTH_(DEVICE_)?SYMBOL\((aoti_torch_cpu_\w+)\)", re.MULTILINE)


def expanded(path) -> str:
    """A source with its macros expanded and without what it includes."""
    done = run_program("g++", "-std=c++20", "-E", "-I", ROOT / "src", "-I", ROOT / "include", path)
    assert done.returncode == 0, done.stderr
    lines, own = [], False
    for line in done.stdout.splitlines():
        if mark := LINE_MARK.match(line):
            own = mark[1] == str(path)
        elif own:
            # Several shims of one macro lie on one line.
            lines.append(line.replace('extern "C"', '\nextern "C"'))
    return "\n".join(lines)


def functions(text: str) -> dict[str, str]:
    """Bodies of the functions that begin at the start of a line, by name."""
    starts = [(match.start(), match[1]) for match in FUNCTION.finditer(text)]
    starts += [(match.start(), match[1]) for match in SHIM.finditer(text)]
    starts.sort()
    ends = [start for start, _ in starts[1:]] + [len(text)]
    bodies: dict[str, str] = {}
    for (start, name), end in zip(starts, ends, strict=False):
        bodies[name] = bodies.get(name, "") + text[start:end]
    return bodies


def guards(name: str, bodies: dict[str, str], seen: frozenset = frozenset()) -> set[str]:
    """The guards that a function reaches through functions of its file."""
    body = bodies[name]
    found = set(re.findall(r"\bguard_\w+", body))
    for other in set(re.findall(r"\b(\w+)[(<]", body)) & bodies.keys() - seen - {name}:
        found |= guards(other, bodies, seen | {name})
    return found


@pytest.fixture(scope="module")
def shims() -> dict[str, set[str]]:
    """The guards that each shim is run under."""
    found = {}
    for path in SHIM_FILES:
        text = expanded(path)
        bodies = functions(text)
        found |= {name: guards(name, bodies) for name in SHIM.findall(text)}
    return found


def test_operators_of_gpus_are_listed_as_such(shims):
    listed = {name: bool(device) for device, name in LISTED.findall((AOTI / "symbols.def").read_text())}
    assert len(listed) > 80
    unknown = sorted(name for name in listed if not shims.get(name))
    assert unknown == [], "these shims were not found in the sources, or have no guard"
    on_gpu = {name: "guard_kernel" not in shims[name] for name in listed}
    to_mark = sorted(name for name in listed if on_gpu[name] and not listed[name])
    assert to_mark == [], "they run on GPUs: list them as HEARTH_DEVICE_SYMBOL in src/aoti/symbols.def"
    to_unmark = sorted(name for name in listed if listed[name] and not on_gpu[name])
    assert to_unmark == [], "the host computes them: list them as HEARTH_SYMBOL in src/aoti/symbols.def"


def test_the_exporter_names_what_the_host_computes():
    wrapper = """
        AOTI_TORCH_ERROR_CODE_CHECK(aoti_torch_cpu_cumsum(buf0, 1, nullptr, &buf1));
        aoti_torch_proxy_executor_call_function(proxy_executor, 0, 1, ints, 2, tensors);
        AOTI_TORCH_ERROR_CODE_CHECK(aoti_torch_cpu_permute(buf1, order, 2, &buf2));
        AOTI_TORCH_ERROR_CODE_CHECK(aoti_torch_cpu_cumsum(buf2, 1, nullptr, &buf3));
    """
    nodes = json.dumps({"nodes": [{"node": {"target": "aten::bincount"}}]})
    sources = Sources(wrapper, "", {}, {}, 1, {}, nodes)
    assert operators_of_the_host(sources) == ["aten::bincount", "cumsum"]
