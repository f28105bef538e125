"""Pictures as inputs of an image classifier, for calibration: prepared as the manifest's "preprocess" says."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from hearth.export.errors import ExportError

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
_RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}
_MOST_PICTURES = 256


def read_pictures(folder: Path, preprocess: dict) -> list[tuple[Tensor]]:
    """One tuple of arguments, a float32 [1, channels, height, width], for each picture of the folder, the first 256 by
    name. ExportError when there is none or one cannot be read."""
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in _SUFFIXES)[:_MOST_PICTURES]
    if not files:
        raise ExportError(f"{folder}: no pictures here ({', '.join(sorted(_SUFFIXES))})")
    return [(_prepared(path, preprocess),) for path in files]


def _prepared(path: Path, preprocess: dict) -> Tensor:
    try:
        picture = Image.open(path).convert("L" if preprocess["channels"] == 1 else "RGB")
    except (OSError, Image.DecompressionBombError) as error:
        raise ExportError(f"{path} cannot be read as a picture: {error}") from error
    if "resize" in preprocess:
        resize = preprocess["resize"]
        picture = picture.resize(_resized(picture.size, resize), _RESAMPLING[resize["resample"]])
    if "center_crop" in preprocess:
        height, width = preprocess["center_crop"]["height"], preprocess["center_crop"]["width"]
        left, top = (picture.width - width) // 2, (picture.height - height) // 2
        picture = picture.crop((left, top, left + width, top + height))
    pixels = np.asarray(picture, dtype=np.float32).reshape(picture.height, picture.width, -1)
    scaled = pixels * preprocess["rescale"] - np.array(preprocess["mean"], np.float32)
    normal = scaled / np.array(preprocess["std"], np.float32)
    return torch.from_numpy(normal.astype(np.float32).transpose(2, 0, 1)[None].copy())


def _resized(size: tuple[int, int], resize: dict) -> tuple[int, int]:
    if resize["mode"] == "exact":
        return resize["width"], resize["height"]
    width, height = size
    factor = resize["size"] / min(width, height)
    return tuple(resize["size"] if side == min(size) else int(side * factor) for side in size)
