"""Settings of Hugging Face image processors as the manifest's "preprocess"."""

from hearth.export.errors import ExportError

_RESAMPLING = {0: "nearest", 2: "bilinear", 3: "bicubic"}
_HALF = [0.5, 0.5, 0.5]
_CLIP_MEAN, _CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
_COMMON = {"do_resize": True, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True}
_SHORTEST_AND_CROP = {
    **_COMMON,
    "size": {"shortest_edge": 224},
    "do_center_crop": True,
    "crop_size": {"height": 224, "width": 224},
    "resample": 3,
    "image_mean": _CLIP_MEAN,
    "image_std": _CLIP_STD,
}
# What each class assumes where preprocessor_config.json is silent (transformers 5.17).
_DEFAULTS = {
    "BitImageProcessor": _SHORTEST_AND_CROP,
    "CLIPImageProcessor": _SHORTEST_AND_CROP,
    "ConvNextImageProcessor": {
        **_COMMON,
        "size": {"shortest_edge": 384},
        "crop_pct": 224 / 256,
        "resample": 3,
        "image_mean": _HALF,
        "image_std": _HALF,
    },
    "ViTImageProcessor": {
        **_COMMON,
        "size": {"height": 224, "width": 224},
        "resample": 2,
        "image_mean": _HALF,
        "image_std": _HALF,
    },
}


def image_preprocess(config: dict, channels: int, what: str) -> dict:
    """The manifest's "preprocess" for the contents of a preprocessor_config.json. ExportError, opening with `what`,
    names a setting that the runtime does not know."""
    kind = config.get("image_processor_type") or config.get("feature_extractor_type") or "BitImageProcessor"
    kind = kind.removesuffix("Fast").replace("FeatureExtractor", "ImageProcessor")
    if kind not in _DEFAULTS:
        raise ExportError(f"{what}: the image processor {kind} is not known; known are {', '.join(sorted(_DEFAULTS))}")
    settings = _DEFAULTS[kind] | config
    if settings["resample"] not in _RESAMPLING:
        raise ExportError(
            f"{what}: resample {settings['resample']} is not one of nearest (0), bilinear (2), bicubic (3)"
        )
    normalize, rescale = settings["do_normalize"], settings["do_rescale"]
    return {
        **_geometry(kind, settings, what),
        "channels": channels,
        "rescale": settings["rescale_factor"] if rescale else 1.0,
        "mean": _each(settings["image_mean"] if normalize else 0.0, channels, what),
        "std": _each(settings["image_std"] if normalize else 1.0, channels, what),
    }


def _geometry(kind: str, settings: dict, what: str) -> dict:
    resample = _RESAMPLING[settings["resample"]]
    height, width = _size(settings["size"])
    exact = {"resize": {"mode": "exact", "height": height, "width": width, "resample": resample}}
    if kind == "ConvNextImageProcessor" and settings["do_resize"]:
        # Its rule: small sizes are cut from a larger picture, sizes from 384 on are stretched to a square.
        if height >= 384:
            return exact
        shortest = int(height / settings["crop_pct"])
        crop = {"center_crop": {"height": height, "width": width}}
        return {"resize": {"mode": "shortest_edge", "size": shortest, "resample": resample}, **crop}
    geometry = {}
    number = isinstance(settings["size"], int)
    if settings["do_resize"] and (kind == "ViTImageProcessor" if number else "height" in settings["size"]):
        geometry = exact
    elif settings["do_resize"]:
        geometry = {"resize": {"mode": "shortest_edge", "size": height, "resample": resample}}
    if settings.get("do_center_crop"):
        height, width = _size(settings["crop_size"])
        return {**geometry, "center_crop": {"height": height, "width": width}}
    if geometry is not exact:
        raise ExportError(f"{what} leaves the size of pictures open; set do_center_crop and crop_size")
    return geometry


def _size(size: int | dict) -> tuple[int, int]:
    if isinstance(size, int):
        return size, size
    edge = size.get("shortest_edge")
    return (edge, edge) if edge else (size["height"], size["width"])


def _each(value: float | list[float], channels: int, what: str) -> list[float]:
    values = [float(v) for v in value] if isinstance(value, list) else [float(value)] * channels
    if len(values) != channels:
        raise ExportError(f"{what}: image_mean and image_std need {channels} values, not {len(values)}")
    return values
