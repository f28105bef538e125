#!/usr/bin/env python3
"""Makes small sessions' files in session_file/, as docs/session-format.md describes them, for the model 0. Their hash
is left 0: the fuzzer puts in the right one.

usage: tests/fuzz-corpus/make_sessions.py     rewrites session_file/ beside itself
"""

import struct
from pathlib import Path

HERE = Path(__file__).resolve().parent
FLOAT32, UINT8, BFLOAT16 = 6, 0, 15
COMPUTED, INT8 = 0xFFFFFFFF, 1
BYTES = {FLOAT32: 4, UINT8: 1, BFLOAT16: 2}
TOKENS_OF_PAGE = 256
UNUSED = (FLOAT32, 0, 0, 0, 0, 0)


def session(length: int, kept: int, layers: list[tuple[int, ...]], tokens: list[int], text: bytes) -> bytes:
    header = b"HRTHSESS" + struct.pack("<4I4Q", 1, len(layers), kept, 0, 0, length, len(tokens), len(text))
    facts = b"".join(struct.pack("<6q", *layer) for layer in layers)
    rows = 0
    for dtype, heads, key, value, first_page, _ in layers:
        scales = 8 if dtype == UINT8 else 0
        rows += (length - first_page * TOKENS_OF_PAGE) * heads * ((key + value) * BYTES[dtype] + scales)
    notes = struct.pack(f"<{len(tokens)}q", *tokens) + text
    return header + facts + notes + bytes(i % 251 for i in range(rows)) + bytes(8)


SESSIONS = {
    "empty": session(0, COMPUTED, [], [], b""),
    "plain": session(3, COMPUTED, [(FLOAT32, 2, 3, 3, 0, 0), UNUSED, (BFLOAT16, 1, 2, 4, 0, 9)], [5, 6, 7], b"notes"),
    "int8": session(2, INT8, [(UINT8, 1, 4, 4, 0, 0)], [], b""),
    "window": session(600, COMPUTED, [(FLOAT32, 1, 1, 1, 1, 20), (FLOAT32, 1, 1, 1, 0, 0)], [], b"[]"),
}

if __name__ == "__main__":
    folder = HERE / "session_file"
    folder.mkdir(exist_ok=True)
    for name, data in SESSIONS.items():
        (folder / name).write_bytes(data)
