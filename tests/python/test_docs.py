"""What the documentation says exists, exists."""

import re
import subprocess
import sys

import pytest
from hearth.export.gate import runtime_symbols
from programs import ROOT

PAGES = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
VARIANTS = (
    r"(_out|_functional|_default|_stable|_generator|_low|_dtype|_two|_src|_value|_forward_only|_float|_dim|_like)"
)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text()
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]
    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []


def test_every_operator_of_the_runtime_is_listed():
    listed = set(re.findall(r"`(?:\w+::)?(\w+)`", (ROOT / "docs" / "operators.md").read_text()))
    missing = []
    for symbol in sorted(runtime_symbols("x86_64")):
        name = symbol.removeprefix("aoti_torch_cpu_")
        bases = {name}
        for _ in range(4):
            bases |= {re.sub(VARIANTS + "$", "", base) for base in bases}
            bases |= {re.sub(r"(_[A-Z]\w*|_)$", "", base) for base in bases}
        if symbol != name and not bases & listed:
            missing.append(name)
    assert missing == []


def test_files_that_pages_name_exist():
    pattern = re.compile(r"`((?:src|apps|python|tests|tools|docs|examples|include|cmake|demo)/[\w./]+\.\w+)`")
    named = {(page, path) for page in PAGES for path in pattern.findall((ROOT / page).read_text())}
    assert [place for place in named if not (ROOT / place[1]).exists()] == []


def test_tables_of_measurements_are_those_of_the_data():
    done = subprocess.run([sys.executable, ROOT / "bench" / "render.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
