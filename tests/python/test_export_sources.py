"""Where models come from: Hugging Face folders, functions in files and modules."""

import json
import shutil

import pytest
import torch
from conftest import run_exporter
from hearth.export import ExportError
from hearth.export.image_preprocess import image_preprocess
from hearth.export.source import load_source

SCRIPT = """
import torch
from hearth.export import Source
from helper import WIDTH

def pair():
    return torch.nn.Linear(WIDTH, 2), torch.ones(1, WIDTH)

def triple():
    return torch.nn.Linear(WIDTH, 2), (torch.ones(3, WIDTH),), ({0: torch.export.Dim("rows")},)

def source():
    return Source(torch.nn.Linear(WIDTH, 2), (torch.ones(1, WIDTH),), name="mine", extra_files={"a.txt": "b"})

def wrong():
    return 5
"""


@pytest.fixture
def script(tmp_path):
    (tmp_path / "helper.py").write_text("WIDTH = 4\n")
    path = tmp_path / "models.py"
    path.write_text(SCRIPT)
    return path


def test_a_function_may_return_a_pair_a_triple_or_a_source(script):
    pair, triple, source = (load_source(f"{script}:{name}") for name in ("pair", "triple", "source"))
    assert pair.args[0].shape == (1, 4)
    assert triple.dynamic_shapes[0][0].__name__ == "rows"
    assert (source.name, source.extra_files) == ("mine", {"a.txt": "b"})


def test_lower_precision_starts_from_float32_weights_and_examples(script):
    script.write_text(SCRIPT + "def half(): return torch.nn.Linear(4, 2).half(), torch.rand(1, 4).half()\n")
    assert load_source(f"{script}:half").model.weight.dtype == torch.float16
    source = load_source(f"{script}:half", torch.float32)
    assert {source.model.weight.dtype, source.args[0].dtype} == {torch.float32}


WRONG = {
    "nothing there": ("no/such/folder", "no such folder"),
    "no such file": ("missing.py:f", "no such file"),
    "no such module": ("no_such_module:f", "no module 'no_such_module'"),
    "no such function": ("{script}:other", "has no function other"),
    "wrong result": ("{script}:wrong", "returned int"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_source_says_what_is_wrong(script, name):
    text, message = WRONG[name]
    with pytest.raises(ExportError, match=message):
        load_source(text.format(script=script))


def test_hugging_face_folder_is_recognised(resnet_folder):
    source = load_source(str(resnet_folder))
    assert source.args[0].shape == (2, 3, 32, 32)
    assert json.loads(source.extra_files["labels.json"]) == ["zero", "one", "two"]
    assert source.pipeline["task"] == "image-classification"


def damaged(folder, target, change):
    shutil.copytree(folder, target)
    change(target)
    return str(target)


def other_architecture(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["BertModel"]}))


def fewer_weights(folder):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    del weights["classifier.1.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


DAMAGE = {
    "no config": (lambda f: (f / "config.json").unlink(), "config.json is missing"),
    "no settings": (lambda f: (f / "preprocessor_config.json").unlink(), "preprocessor_config.json is missing"),
    "broken settings": (lambda f: (f / "preprocessor_config.json").write_text("{"), "cannot be read"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "cannot be loaded"),
    "a weight missing": (fewer_weights, "lacks 1 weights, the first is classifier.1.weight"),
    "other architecture": (other_architecture, "no recipe for the architecture BertModel"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_folder_says_what_is_wrong(resnet_folder, tmp_path, name):
    change, message = DAMAGE[name]
    with pytest.raises(ExportError, match=message):
        load_source(damaged(resnet_folder, tmp_path / "copy", change))


def resize(mode, resample="bicubic", **size):
    return {"mode": mode, **size, "resample": resample}


SETTINGS = {
    "ConvNext below 384": (
        {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 224}, "crop_pct": 0.95},
        resize("shortest_edge", size=235),
        {"height": 224, "width": 224},
    ),
    "ConvNext from 384": (
        {"image_processor_type": "ConvNextImageProcessor", "crop_pct": 0.95},
        resize("exact", height=384, width=384),
        None,
    ),
    "Bit": (
        {"image_processor_type": "BitImageProcessorFast", "size": {"shortest_edge": 256}, "resample": 2},
        resize("shortest_edge", "bilinear", size=256),
        {"height": 224, "width": 224},
    ),
    "Bit without resize": (
        {"image_processor_type": "BitImageProcessor", "do_resize": False, "crop_size": 8},
        None,
        {"height": 8, "width": 8},
    ),
    "ViT": ({"image_processor_type": "ViTImageProcessor"}, resize("exact", "bilinear", height=224, width=224), None),
    "ViT, old": (
        {"feature_extractor_type": "ViTFeatureExtractor", "size": 96},
        resize("exact", "bilinear", height=96, width=96),
        None,
    ),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_image_settings(name):
    config, expected_resize, expected_crop = SETTINGS[name]
    preprocess = image_preprocess(config, 3, "settings")
    assert preprocess.get("resize") == expected_resize
    assert preprocess.get("center_crop") == expected_crop
    assert preprocess["channels"] == 3
    assert preprocess["rescale"] == 1 / 255


def test_switched_off_settings_do_nothing():
    config = {"image_processor_type": "ViTImageProcessor", "do_normalize": False, "do_rescale": False}
    preprocess = image_preprocess(config, 1, "settings")
    assert (preprocess["mean"], preprocess["std"], preprocess["rescale"]) == ([0.0], [1.0], 1.0)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"image_processor_type": "SamImageProcessor"}, "SamImageProcessor is not known"),
        ({"image_processor_type": "ViTImageProcessor", "resample": 1}, "resample 1"),
        ({"image_processor_type": "BitImageProcessor", "do_center_crop": False}, "leaves the size of pictures open"),
        ({"image_processor_type": "BitImageProcessor", "image_mean": [1.0]}, "need 3 values, not 1"),
    ],
)
def test_unknown_image_settings_are_named(config, message):
    with pytest.raises(ExportError, match=message):
        image_preprocess(config, 3, "settings")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["nothing", "-o", "x.pt2"], 1, "error: nothing: no such folder"),
        (["models.py:pair", "-o", "x.pt2", "--targets", "gpu"], 1, "unknown target 'gpu'; choose from cpu-aarch64"),
        (["models.py:pair"], 2, "--output"),
        (["models.py:pair", "-o", "x.pt2", "--compiler", "cc"], 2, "invalid choice"),
    ],
)
def test_the_command_says_what_is_wrong(script, arguments, status, message):
    done = run_exporter(*arguments, cwd=script.parent)
    assert (done.returncode, message in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr
