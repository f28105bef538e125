"""The demo model: its checkpoint, through the exported file, on digits that it has not seen."""

import sys

import pytest
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
