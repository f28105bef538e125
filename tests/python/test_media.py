"""Pictures through our decoders, resizing and preprocessing, against Pillow and transformers' image processors; and
through a classifier."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hearth.export import save
from hearth.export.image_preprocess import image_preprocess
from PIL import Image, ImageOps
from programs import BUILD, ROOT, hearth, hearth_json, run_program
from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

PREPROCESS_DUMP = BUILD / "release" / "tests" / "tools" / "preprocess_dump"
SEEDS = ROOT / "tests" / "fuzz-corpus"
UNCHANGED = {"channels": 3, "rescale": 1, "mean": [0, 0, 0], "std": [1, 1, 1]}
ORIENTATION = 0x0112


def preprocess(settings: dict, pictures: list[Path], folder: Path) -> list[np.ndarray]:
    """Each picture as our runtime would feed it to a model, without the batch dimension."""
    names = {"task": "image-classification", "method": "forward", "input": "x", "output": "y"}
    pipeline = folder / "pipeline.json"
    pipeline.write_text(json.dumps({**names, "preprocess": settings}))
    outputs = [folder / f"{index}.npy" for index in range(len(pictures))]
    pairs = [path for pair in zip(pictures, outputs, strict=True) for path in pair]
    done = run_program(PREPROCESS_DUMP, pipeline, *pairs)
    assert done.returncode == 0, done.stderr
    return [np.load(output)[0] for output in outputs]


def pixels(tensor: np.ndarray) -> np.ndarray:
    """The bytes of a tensor that was only decoded and resized, rows first."""
    return tensor.transpose(1, 2, 0).astype(np.uint8)


def pillow(path: Path) -> Image.Image:
    return ImageOps.exif_transpose(Image.open(path)).convert("RGB")


def photo(width: int, height: int, seed: int = 0) -> Image.Image:
    """Smooth areas, edges and noise."""
    random = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(0, 6, width), np.linspace(0, 4, height))
    waves = np.stack([np.sin(x * 2 + y), np.cos(y * 3 - x), np.sin(x * y)], axis=-1) * 90 + 128
    waves[(x % 2 < 0.3) & (y % 1 < 0.5)] = [250, 5, 60]
    return Image.fromarray(np.clip(waves + random.normal(0, 12, waves.shape), 0, 255).astype(np.uint8))


def seed_pictures() -> list[Path]:
    # Pillow clips 16 bits of grey instead of scaling them, and shows the first picture of an animation.
    others = {"grey_16.png", "animated.webp"}
    return [
        path for kind in ("png", "jpeg", "webp") for path in sorted((SEEDS / kind).iterdir()) if path.name not in others
    ]


@pytest.fixture(scope="module")
def encoded_photos(tmp_path_factory) -> list[Path]:
    """Larger pictures in every common encoding."""
    folder = tmp_path_factory.mktemp("photos")
    picture = photo(211, 149)
    ways = {
        f"{subsampling.replace(':', '')}_{quality}.jpg": {"subsampling": subsampling, "quality": quality}
        for subsampling in ("4:4:4", "4:2:2", "4:2:0")
        for quality in (30, 75, 95)
    }
    ways |= {"progressive.jpg": {"progressive": True}, "optimised.jpg": {"optimize": True}, "plain.png": {}}
    ways |= {f"lossy_{quality}.webp": {"quality": quality} for quality in (20, 80)} | {"exact.webp": {"lossless": True}}
    for name, options in ways.items():
        picture.save(folder / name, **options)
    picture.convert("L").save(folder / "grey.jpg")
    picture.convert("CMYK").save(folder / "cmyk.jpg")
    picture.quantize(40).save(folder / "palette.png")
    return sorted(folder.iterdir())


def test_decodes_what_pillow_decodes(encoded_photos, tmp_path):
    paths = seed_pictures() + encoded_photos
    for path, tensor in zip(paths, preprocess(UNCHANGED, paths, tmp_path), strict=True):
        np.testing.assert_array_equal(pixels(tensor), np.asarray(pillow(path)), err_msg=path.name)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_turns_as_pillow_turns(orientation, suffix, tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / f"turned.{suffix}"
    photo(31, 17).save(path, exif=exif)
    (tensor,) = preprocess(UNCHANGED, [path], tmp_path)
    np.testing.assert_array_equal(pixels(tensor), np.asarray(pillow(path)))


@pytest.mark.parametrize("name", ["nearest", "bilinear", "bicubic"])
def test_resizes_as_pillow_resizes(name, tmp_path):
    random = np.random.default_rng(7)
    sizes = [(1, 1), (1, 90), (90, 1), (64, 64), (333, 7), *random.integers(1, 200, (20, 2)).tolist()]
    paths = []
    for index, (width, height) in enumerate(sizes):
        paths.append(tmp_path / f"{index}.png")
        photo(width, height, index).save(paths[-1])
    for width, height in [(1, 1), (224, 224), (64, 64), (97, 31), (13, 201)]:
        resize = {"mode": "exact", "width": width, "height": height, "resample": name}
        for path, tensor in zip(paths, preprocess({**UNCHANGED, "resize": resize}, paths, tmp_path), strict=True):
            expected = pillow(path).resize((width, height), getattr(Image.Resampling, name.upper()))
            np.testing.assert_array_equal(pixels(tensor), np.asarray(expected), err_msg=f"{path} to {width}x{height}")


@pytest.fixture(scope="module")
def odd_pictures(tmp_path_factory) -> list[Path]:
    """The shapes and kinds that preprocessing has to cope with."""
    folder = tmp_path_factory.mktemp("pictures")
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    for width, height in [(1, 1), (1, 40), (40, 1), (37, 53), (300, 20), (20, 300), (224, 224), (256, 255), (501, 333)]:
        photo(width, height).save(folder / f"{width}x{height}.png")
    photo(120, 77).save(folder / "turned.jpg", exif=exif)
    photo(120, 77).convert("L").save(folder / "grey.png")
    photo(120, 77).convert("CMYK").save(folder / "cmyk.jpg")
    photo(77, 120).quantize(20).save(folder / "palette.png")
    clear = photo(77, 120)
    clear.putalpha(clear.getchannel("G"))
    clear.save(folder / "clear.png")
    clear.save(folder / "clear.webp", lossless=True, exact=True)
    return sorted(folder.iterdir())


PROCESSORS = {
    "ConvNext, cut out": (ConvNextImageProcessorPil, {"size": {"shortest_edge": 224}, "crop_pct": 0.875}),
    "ConvNext, crop_pct of ResNet": (ConvNextImageProcessorPil, {"size": {"shortest_edge": 32}, "crop_pct": 0.95}),
    "ConvNext, bilinear": (ConvNextImageProcessorPil, {"size": {"shortest_edge": 60}, "crop_pct": 0.9, "resample": 2}),
    "ConvNext, stretched": (ConvNextImageProcessorPil, {"size": {"shortest_edge": 384}}),
    "ViT": (ViTImageProcessorPil, {}),
    "ViT, oblong": (ViTImageProcessorPil, {"size": {"height": 33, "width": 64}, "resample": 3}),
    "ViT, nearest": (ViTImageProcessorPil, {"size": {"height": 48, "width": 48}, "resample": 0}),
    "ViT, bytes": (ViTImageProcessorPil, {"do_rescale": False, "do_normalize": False}),
    "Bit": (BitImageProcessorPil, {}),
    "Bit, bilinear": (BitImageProcessorPil, {"size": {"shortest_edge": 65}, "crop_size": 64, "resample": 2}),
    "Bit, crop beyond the edge": (
        BitImageProcessorPil,
        {"size": {"shortest_edge": 30}, "crop_size": {"height": 41, "width": 64}},
    ),
    "Bit, only cropped": (BitImageProcessorPil, {"do_resize": False, "crop_size": {"height": 50, "width": 33}}),
    "Bit, ImageNet's colours": (
        BitImageProcessorPil,
        {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "rescale_factor": 1 / 127},
    ),
}


@pytest.mark.parametrize(("kind", "settings"), PROCESSORS.values(), ids=PROCESSORS)
def test_preprocesses_as_transformers(kind, settings, odd_pictures, tmp_path):
    processor = kind(**settings)
    manifest = image_preprocess(json.loads(processor.to_json_string()), 3, "settings")
    for path, tensor in zip(odd_pictures, preprocess(manifest, odd_pictures, tmp_path), strict=True):
        (expected,) = processor(pillow(path), return_tensors="np")["pixel_values"]
        assert tensor.dtype == np.float32
        np.testing.assert_allclose(tensor, expected, rtol=1e-6, atol=1e-6, err_msg=path.name)


def test_greys_are_pillows(encoded_photos, tmp_path):
    settings = {"channels": 1, "rescale": 1, "mean": [0], "std": [1]}
    for path, tensor in zip(encoded_photos, preprocess(settings, encoded_photos, tmp_path), strict=True):
        np.testing.assert_array_equal(pixels(tensor)[..., 0], np.asarray(pillow(path).convert("L")), err_msg=path.name)


def test_a_picture_that_is_refused_is_named(tmp_path):
    path = tmp_path / "short.png"
    path.write_bytes((SEEDS / "png" / "grey_8.png").read_bytes()[:60])
    (tmp_path / "pipeline.json").write_text(
        json.dumps(
            {"task": "image-classification", "method": "m", "input": "x", "output": "y", "preprocess": UNCHANGED}
        )
    )
    done = run_program(PREPROCESS_DUMP, tmp_path / "pipeline.json", path, tmp_path / "out.npy")
    assert done.returncode == 1
    assert done.stderr == f"{path}: the PNG is damaged or cut short\n"
    assert not (tmp_path / "out.npy").exists()


class Colours(torch.nn.Module):
    """Says which colour is strongest."""

    def forward(self, pixel_values):
        return {"features": pixel_values.amax((2, 3)), "logits": pixel_values.mean((2, 3)) * 9}


TRIPLES = 3 * torch.export.Dim("triples", min=1, max=8)


@pytest.fixture(scope="module", params=[None, TRIPLES], ids=["batches of 4", "batches of multiples of 3"])
def colours_file(request, tmp_path_factory) -> Path:
    batch = request.param
    path = tmp_path_factory.mktemp("colours") / "colours.pt2"
    settings = {**UNCHANGED, "rescale": 1 / 255, "center_crop": {"height": 5, "width": 4}}
    names = {"task": "image-classification", "method": "forward", "input": "pixel_values", "output": "logits"}
    save(
        path,
        Colours(),
        (torch.rand(6 if batch else 4, 3, 5, 4),),
        dynamic_shapes=({0: batch},) if batch else None,
        targets="cpu-x86_64-v3",
        pipeline={**names, "labels": "extra/labels.json", "preprocess": settings},
        extra_files={"labels.json": json.dumps(["red", "green", "blue"])},
    )
    return path


@pytest.mark.parametrize("count", [1, 3, 4, 5, 17])
def test_any_number_of_pictures_goes_through_the_models_batches(count, colours_file, tmp_path):
    colours = [("red", "green", "blue")[index * index % 3] for index in range(count)]
    paths = [tmp_path / f"{index}.png" for index in range(count)]
    for path, colour in zip(paths, colours, strict=True):
        Image.new("RGB", (5, 7), colour).save(path)
    answers = hearth_json("classify", colours_file, *paths, "--top", "1")
    assert [answer["image"] for answer in answers] == [str(path) for path in paths]
    assert [answer["top"][0]["label"] for answer in answers] == colours


def test_the_picture_that_cannot_be_classified_is_named(colours_file, tmp_path):
    Image.new("RGB", (5, 7), "red").save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes((tmp_path / "good.png").read_bytes()[:40])
    done = hearth("classify", colours_file, tmp_path / "good.png", tmp_path / "bad.png")
    assert done.returncode == 3
    assert f"{tmp_path / 'bad.png'}: the PNG" in done.stderr
