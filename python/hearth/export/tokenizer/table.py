"""Writes the fields of a tokenizer's table: docs/tokenizer-format.md."""

import struct
from collections.abc import Iterable

import numpy as np

from hearth.export.tokenizer.trie import trie_arrays

MAGIC = b"HEARTHTK"
VERSION = 1
NO_TOKEN = 0xFFFFFFFF

Ranges = list[tuple[int, int]]
"""Code points: first and last of each range, ascending, no two of which touch."""


class TableWriter:
    """Fields one after the other, little-endian."""

    def __init__(self) -> None:
        self.bytes = bytearray()

    def byte(self, value: int) -> None:
        self.bytes += struct.pack("<B", value)

    def flag(self, value: bool) -> None:
        self.byte(int(value))

    def number(self, value: int) -> None:
        self.bytes += struct.pack("<I", value)

    def optional_token(self, token: int | None) -> None:
        self.number(NO_TOKEN if token is None else token)

    def text(self, text: str | bytes) -> None:
        data = text.encode() if isinstance(text, str) else text
        self.number(len(data))
        self.bytes += data

    def array(self, values, dtype: str) -> None:
        """So many numbers, or rows of numbers, as the field before them says."""
        array = np.asarray(values, dtype=np.dtype(dtype).newbyteorder("<"))
        self.number(len(array))
        self.bytes += array.tobytes()

    def texts(self, texts: Iterable[str]) -> None:
        data = [text.encode() for text in texts]
        self.array(np.cumsum([len(item) for item in data], dtype=np.uint32), "u4")
        self.text(b"".join(data))

    def trie(self, entries: dict[bytes, int]) -> None:
        """Texts with a number each."""
        first_edge, labels, values = trie_arrays(entries)
        self.array(first_edge, "u4")
        self.array(labels, "u1")
        self.array(values, "u4")

    def character_set(self, ranges: Ranges) -> None:
        self.array([border for first, last in ranges for border in (first, last + 1)], "u4")

    def character_map(self, mapping: dict[int, str]) -> None:
        """What code points become; those with the same text that follow one another make one entry."""
        entries: list[list] = []
        for code_point, text in sorted(mapping.items()):
            if entries and entries[-1][1] == code_point - 1 and entries[-1][2] == text:
                entries[-1][1] = code_point
            else:
                entries.append([code_point, code_point, text])
        self.array([entry[0] for entry in entries], "u4")
        self.array([entry[1] for entry in entries], "u4")
        self.texts(entry[2] for entry in entries)
