"""The demo models: their checkpoints, through the exported files, on what they have not seen."""

import sys

import pytest
import torch
import transformers
from conftest import run_exporter
from programs import ROOT, hearth_json

sys.path.insert(0, str(ROOT / "demo"))
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@pytest.fixture(scope="module")
def digits_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "digits.pt2"
    done = run_exporter(str(ROOT / "demo" / "digits"), "-o", str(path), cwd=path.parent)
    assert done.returncode == 0, done.stderr
    return path


def test_checkpoint_is_small():
    assert (ROOT / "demo" / "digits" / "model.safetensors").stat().st_size <= 1_000_000


def test_held_out_digits_are_recognised(digits_file, tmp_path):
    import train_digits

    _, images, _, labels = train_digits.split_digits()
    paths = []
    for index, image in enumerate(images):
        paths.append(tmp_path / f"{index}.png")
        train_digits.picture(image).save(paths[-1])
    answers = hearth_json("classify", digits_file, *paths, "--top", "1")
    assert [answer["image"] for answer in answers] == [str(path) for path in paths]
    right = sum(answer["top"][0]["index"] == label for answer, label in zip(answers, labels, strict=True))
    assert right / len(labels) >= 0.97


def test_the_pictures_of_the_demo_show_what_they_are_called(digits_file):
    pictures = sorted((ROOT / "demo" / "pictures").glob("*.png"))
    assert len(pictures) == 10
    answers = hearth_json("classify", digits_file, *pictures, "--top", "3")
    for digit, answer in enumerate(answers):
        assert answer["top"][0]["label"] == NAMES[digit]
        assert len(answer["top"]) == 3
        assert answer["top"][0]["probability"] > answer["top"][1]["probability"]


@pytest.fixture(scope="module")
def verses_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "verses.pt2"
    done = run_exporter(str(ROOT / "demo" / "verses"), "-o", str(path), "--quant", "q4", cwd=path.parent)
    assert done.returncode == 0, done.stderr
    return path


def test_the_language_model_is_small(verses_file):
    assert (ROOT / "demo" / "verses" / "model.safetensors").stat().st_size <= 8_000_000


def test_the_language_model_foresees_a_book_that_it_has_not_seen(verses_file):
    model = transformers.AutoModelForCausalLM.from_pretrained(ROOT / "demo" / "verses", dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(ROOT / "demo" / "verses")
    text = ROOT / "demo" / "jonah.txt"
    tokens = tokenizer(text.read_text(), return_tensors="pt")["input_ids"][:, :512]
    with torch.no_grad():
        exact = torch.exp(model(input_ids=tokens, labels=tokens).loss).item()
    said = hearth_json("eval", verses_file, "--perplexity", text, "--context", "512")
    assert exact < 60
    assert said["perplexity"] < 60


def test_the_language_model_writes_words(verses_file):
    said = hearth_json("generate", verses_file, "-p", "And the LORD said unto Moses,", "-n", "64", "--temp", "0.5")
    words = said["text"].split()
    assert len(words) > 30
    assert sum(word.strip(",.;:?!").isalpha() for word in words) > 0.9 * len(words)
