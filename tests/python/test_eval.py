"""How well a model foresees a text, and how fast it reads and generates, as the commands say."""

import math

import pytest
import torch
from programs import hearth, hearth_json
from test_chat import talker  # noqa: F401  (a fixture)
from test_cli import USAGE

TEXT = "The hearth is warm and the hearth is here. Grüße aus Köln, 你好 👋\n" * 6
CONTEXT = 64


def surprises(model, tokens: list[int], context: int, stride: int) -> list[float]:
    """Nats of each token but the first, by windows of `context` tokens that begin `stride` tokens apart."""
    found: list[float] = []
    for begin in range(0, len(tokens), stride):
        window = torch.tensor([tokens[begin : begin + context]])
        with torch.no_grad():
            logits = model(input_ids=window).logits[0, :-1]
        losses = torch.nn.functional.cross_entropy(logits, window[0, 1:], reduction="none").tolist()
        found += losses[len(found) - begin :]
        if begin + context >= len(tokens):
            break
    return found


@pytest.mark.parametrize(("context", "stride"), [(CONTEXT, 32), (CONTEXT, 1), (48, 47), (2, 1), (None, None)])
def test_perplexity_is_that_of_pytorch(talker, tmp_path, context, stride):  # noqa: F811
    model, tokenizer, file = talker
    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    options = ["--context", context, "--stride", stride] if context else []
    said = hearth_json("eval", file, "--perplexity", text, *map(str, options))
    tokens = tokenizer(TEXT, split_special_tokens=True)["input_ids"]
    whole = min(2048, model.config.max_position_embeddings)
    expected = surprises(model, tokens, context or whole, stride or whole // 2)
    assert said["tokens"] == len(expected) == len(tokens) - 1
    mean = sum(expected) / len(expected)
    assert said["perplexity"] == pytest.approx(math.exp(mean), rel=1e-4)
    assert said["bits_per_byte"] == pytest.approx(sum(expected) / math.log(2) / len(TEXT.encode()), rel=1e-4)
    spread = torch.tensor(expected).std().item() / math.sqrt(len(expected))
    assert said["standard_error"] == pytest.approx(math.exp(mean) * spread, rel=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--context", "1"], "a window of 1 tokens"),
        (["--context", "100000"], "a window of 100000 tokens"),
        (["--context", "32", "--stride", "32"], "windows 32 tokens apart"),
    ],
)
def test_windows_that_make_no_sense_are_refused(talker, tmp_path, options, message):  # noqa: F811
    text = tmp_path / "text.txt"
    text.write_text(TEXT)
    done = hearth("eval", talker[2], "--perplexity", text, *options)
    assert done.returncode == USAGE
    assert message in done.stderr


def test_texts_that_cannot_be_measured_are_refused(talker, tmp_path):  # noqa: F811
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    for text in (empty, tmp_path / "missing.txt", tmp_path):
        done = hearth("eval", talker[2], "--perplexity", text)
        assert done.returncode != 0
        assert str(text) in done.stderr


def test_rates_of_reading_and_generating_are_measured(talker):  # noqa: F811
    said = hearth_json("bench", talker[2], "--lengths", "16,40", "--generated", "4", "-r", "2")
    assert [(row["test"], row["length"]) for row in said["results"]] == [
        ("read", 16),
        ("generate", 16),
        ("read", 40),
        ("generate", 40),
    ]
    assert all(0 < row["min"] <= row["median"] <= row["max"] for row in said["results"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--lengths", "100000"], "--lengths 100000: give from 1 to"),
        (["--lengths", "0"], "--lengths 0: give from 1 to"),
        (["--profile"], "name it"),
    ],
)
def test_measurements_that_make_no_sense_are_refused(talker, options, message):  # noqa: F811
    done = hearth("bench", talker[2], *options)
    assert done.returncode == USAGE
    assert message in done.stderr
