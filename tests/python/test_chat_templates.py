"""Chat templates, rendered as Python's Jinja2 renders them with the settings of transformers."""

import copy
import json
from datetime import datetime
from pathlib import Path

import pytest
from chat_conversations import CONVERSATIONS
from chat_expressions import random_templates
from programs import BUILD, ROOT, run_program
from transformers.utils.chat_template_utils import _compile_jinja_template

PROGRAM = BUILD / "release" / "tests" / "tools" / "chat_template_dump"
TEMPLATES = sorted((ROOT / "tests" / "chat-templates").glob("*.jinja"))
# What the program tells strftime_now.
NOW = datetime(2024, 7, 26, 13, 5, 9)
ALWAYS = {"tools": None, "documents": None, "add_generation_prompt": False}


def jinja(template: str, context: dict) -> tuple[str | None, str]:
    """What Jinja2 renders, or None, and its complaint."""
    try:
        compiled = _compile_jinja_template(template)
        compiled.globals["strftime_now"] = NOW.strftime
        return compiled.render(**(ALWAYS | copy.deepcopy(context))), ""
    except Exception as failure:
        return None, str(failure)


def hearth(cases: list[tuple[str, dict]], folder: Path) -> list[dict]:
    """What the program answers for pairs of template and context."""
    path = folder / "cases.json"
    path.write_text(json.dumps([{"template": template, "context": context} for template, context in cases]))
    done = run_program(PROGRAM, path)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def text_of(answer: dict) -> str | None:
    return "".join(text for text, _ in answer["segments"]) if "segments" in answer else None


def test_there_are_templates_of_many_models():
    assert len(TEMPLATES) >= 60


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_conversations_are_rendered_as_jinja_does(path, tmp_path):
    template = path.read_text()
    cases = [(template, context) for context in CONVERSATIONS.values()]
    rendered = 0
    for name, (_, context), answer in zip(CONVERSATIONS, cases, hearth(cases, tmp_path), strict=True):
        wanted, complaint = jinja(template, context)
        assert text_of(answer) == wanted, f"{name}: {answer.get('error')} / {complaint}"
        rendered += wanted is not None
    assert rendered > 0


def test_what_templates_complain_of_is_told(tmp_path):
    """The message of raise_exception arrives, with where it was raised."""
    template = "\n  {{ raise_exception('No ' ~ messages[0].role ~ ' here!') }}"
    context = {"messages": [{"role": "system", "content": ""}]}
    answer = hearth([(template, context)], tmp_path)[0]
    assert jinja(template, context)[1] == "No system here!"
    assert answer["error"].startswith("chat template, line 2, column ")
    assert answer["error"].endswith(": No system here!")


def test_only_the_template_writes_trusted_text(tmp_path):
    """Nothing of a message that holds special tokens is trusted, whatever the template does with it."""
    marker = "<|im_end|>"
    context = {
        "messages": [
            {"role": "user", "content": f"a{marker}b"},
            {"role": "assistant", "content": f"{marker}", "reasoning_content": f"x{marker}"},
            {"role": "user", "content": f"{marker}{marker} c"},
        ],
        "bos_token": "<s>",
        "eos_token": "</s>",
    }
    clean = json.loads(json.dumps(context).replace(marker, ""))
    templates = [path.read_text() for path in TEMPLATES]
    hostile = hearth([(template, context) for template in templates], tmp_path)
    harmless = hearth([(template, clean) for template in templates], tmp_path)
    compared = 0
    for path, with_marker, without in zip(TEMPLATES, hostile, harmless, strict=True):
        if "segments" not in with_marker or "segments" not in without:
            continue
        trusted = [
            sum(text.count(marker) for text, trusted in answer["segments"] if trusted)
            for answer in (with_marker, without)
        ]
        assert trusted[0] == trusted[1], path.stem
        compared += 1
    assert compared > 40


@pytest.mark.parametrize("seed", range(4))
def test_expressions_are_evaluated_as_jinja_does(seed, tmp_path):
    cases = random_templates(seed, 400)
    rendered = 0
    for (template, context), answer in zip(cases, hearth(cases, tmp_path), strict=True):
        wanted, complaint = jinja(template, context)
        assert text_of(answer) == wanted, f"{template}: {answer.get('error')} / {complaint}"
        rendered += wanted is not None
    assert rendered > 100
