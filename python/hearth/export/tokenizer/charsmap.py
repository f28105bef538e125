"""SentencePiece's precompiled rules: a double array (darts-clone) and the texts that it leads to."""

import base64
import struct

import numpy as np

from hearth.export.errors import ExportError

_LABEL = (1 << 31) | 0xFF
_LONGEST_KEY = 1024


def read_charsmap(encoded: str) -> dict[bytes, str]:
    """What becomes of which text."""
    data = base64.b64decode(encoded)
    if not data:
        return {}
    (size,) = struct.unpack_from("<I", data)
    if size % 4 != 0 or 4 + size > len(data):
        raise ExportError("tokenizer: the precompiled rules of the normalizer are cut off")
    units = np.frombuffer(data, "<u4", size // 4, 4)
    texts = data[4 + size :]
    rules = {}
    nodes = [(b"", int(_offset(units[0])))] if len(units) else []
    while nodes:
        key, node = nodes.pop()
        if len(key) > _LONGEST_KEY:
            raise ExportError("tokenizer: the precompiled rules of the normalizer have no end")
        candidates = node ^ np.arange(1, 256)
        inside = candidates < len(units)
        children = np.flatnonzero(inside & ((units[np.where(inside, candidates, 0)] & _LABEL) == np.arange(1, 256))) + 1
        for byte in children:
            unit = int(units[node ^ int(byte)])
            child = node ^ int(byte) ^ _offset(unit)
            longer = key + bytes([byte])
            if unit >> 8 & 1:
                begin = int(units[child]) & 0x7FFFFFFF
                rules[longer] = texts[begin : texts.index(0, begin)].decode()
            nodes.append((longer, child))
    return rules


def _offset(unit) -> int:
    return (int(unit) >> 10) << ((int(unit) & 0x200) >> 6)
