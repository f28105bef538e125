#!/usr/bin/env python3
"""Made the pictures in this folder, once; they are kept because encoders change. The fuzzers start from them, the tests
of src/media decode them and know their pixels from the formulas here.

usage: tests/fuzz-corpus/make_pictures.py     rewrites png/, jpeg/, webp/ and exif/ beside itself (needs Pillow)
"""

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
WIDTH, HEIGHT = 9, 6


def sample(x: int, y: int, channel: int, depth: int) -> int:
    """The sample of every PNG here."""
    return (x * 3701 + y * 6151 + channel * 9973) % (1 << depth)


def palette_entry(index: int) -> bytes:
    return bytes([index * 7 % 256, 255 - index % 256, index * 31 % 256])


def pack(samples: list[int], depth: int) -> bytes:
    bits = "".join(f"{value:0{depth}b}" for value in samples)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(color: int, depth: int, *extra: bytes, interlaced: bool = False, after: bytes = b"") -> bytes:
    rows = b""
    for left, top, right, down in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        for y in range(top, HEIGHT, down):
            columns = range(left, WIDTH, right)
            values = [sample(x, y, c, depth) for x in columns for c in range(CHANNELS[color])]
            rows += b"\0" + pack(values, depth) if values else b""
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color, 0, 0, interlaced)
    chunks = [chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(rows, 9)), after, chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def exif(orientation: int, order: str, kind: int = 3) -> bytes:
    """A TIFF structure with one other tag before the orientation."""
    value = struct.pack(order + ("HH" if kind == 3 else "I"), *([orientation, 0] if kind == 3 else [orientation]))
    entries = struct.pack(order + "HHII", 0x0100, 4, 1, 9) + struct.pack(order + "HHI", 0x0112, kind, 1) + value
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "IH", 8, 2) + entries + bytes(4)


def make_pngs() -> dict[str, bytes]:
    palette = {depth: chunk(b"PLTE", b"".join(map(palette_entry, range(1 << depth)))) for depth in (1, 2, 4, 8)}
    clear = chunk(b"tRNS", bytes([0, 128]))
    gamma = chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"cHRM", struct.pack(">8I", *([20000] * 8)))
    files = {f"grey_{depth}": png(GREY, depth) for depth in (1, 2, 4, 8, 16)}
    files |= {f"palette_{depth}": png(PALETTE, depth, palette[depth]) for depth in palette}
    files |= {f"rgb_{depth}": png(RGB, depth) for depth in (8, 16)}
    files |= {f"rgba_{depth}": png(RGBA, depth) for depth in (8, 16)}
    files |= {f"grey_alpha_{depth}": png(GREY_ALPHA, depth) for depth in (8, 16)}
    files |= {"palette_8_clear": png(PALETTE, 8, palette[8], clear)}
    files |= {"grey_8_clear": png(GREY, 8, chunk(b"tRNS", struct.pack(">H", sample(0, 0, 0, 8))))}
    files |= {"rgb_8_gamma": png(RGB, 8, gamma), "rgb_8_interlaced": png(RGB, 8, interlaced=True)}
    files |= {"grey_1_interlaced": png(GREY, 1, interlaced=True)}
    files |= {"palette_4_interlaced": png(PALETTE, 4, palette[4], interlaced=True)}
    files |= {"rgb_8_orientation_6": png(RGB, 8, chunk(b"eXIf", exif(6, ">")))}
    files |= {"rgb_8_orientation_8_after": png(RGB, 8, after=chunk(b"eXIf", exif(8, "<")))}
    return {f"png/{name}.png": data for name, data in files.items()}


def ramp() -> Image.Image:
    """16 x 24 pixels: red grows to the right, green downwards."""
    x, y = np.meshgrid(np.arange(16), np.arange(24))
    return Image.fromarray(np.stack([x * 16, y * 10, np.full_like(x, 128)], axis=-1).astype(np.uint8))


def encode(image: Image.Image, kind: str, **options) -> bytes:
    path = HERE / "encoded"
    image.save(path, kind, **options)
    data = path.read_bytes()
    path.unlink()
    return data


def make_jpegs() -> dict[str, bytes]:
    picture = ramp()
    x, y = np.meshgrid(np.arange(16), np.arange(24))
    inks = np.stack([x * 16, y * 10, np.full_like(x, 128), np.full_like(x, 32)], axis=-1).astype(np.uint8)
    with_exif = {"exif": b"Exif\0\0" + exif(6, "<")}
    files = {
        "grey": encode(picture.getchannel("R"), "JPEG", quality=95),
        "444": encode(picture, "JPEG", quality=95, subsampling="4:4:4"),
        "422": encode(picture, "JPEG", quality=95, subsampling="4:2:2"),
        "420": encode(picture, "JPEG", quality=95, subsampling="4:2:0"),
        "progressive": encode(picture, "JPEG", quality=95, subsampling="4:4:4", progressive=True),
        "restarts": encode(picture, "JPEG", quality=95, subsampling="4:4:4", restart_marker_blocks=1),
        "rgb": encode(picture, "JPEG", quality=95, keep_rgb=True),
        "cmyk": encode(Image.fromarray(inks, "CMYK"), "JPEG", quality=95),
        "orientation_6": encode(picture, "JPEG", quality=95, subsampling="4:4:4", **with_exif),
    }
    return {f"jpeg/{name}.jpg": data for name, data in files.items()}


def make_webps() -> dict[str, bytes]:
    picture = ramp()
    clear = picture.copy()
    clear.putalpha(picture.getchannel("R"))
    files = {
        "lossy": encode(picture, "WEBP", quality=90),
        "lossless": encode(picture, "WEBP", lossless=True),
        "lossy_alpha": encode(clear, "WEBP", quality=90, exact=True),
        "lossless_alpha": encode(clear, "WEBP", lossless=True, exact=True),
        "animated": encode(picture, "WEBP", save_all=True, append_images=[picture.rotate(180)], lossless=True),
        "orientation_6": encode(picture, "WEBP", lossless=True, exif=b"Exif\0\0" + exif(6, ">")),
    }
    return {f"webp/{name}.webp": data for name, data in files.items()}


def make_exif_blocks() -> dict[str, bytes]:
    files = {"short_little": exif(5, "<"), "short_big": exif(7, ">"), "long_big": exif(3, ">", kind=4)}
    files["with_prefix"] = b"Exif\0\0" + exif(2, "<")
    files["jpeg_segments"] = encode(Image.new("RGB", (1, 1)), "JPEG", exif=files["with_prefix"])[:80]
    files["webp_chunks"] = b"RIFF\x2e\0\0\0WEBPEXIF\x26\0\0\0" + exif(4, "<")
    return {f"exif/{name}": data for name, data in files.items()}


def main() -> None:
    for name, data in {**make_pngs(), **make_jpegs(), **make_webps(), **make_exif_blocks()}.items():
        path = HERE / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
