"""Writes the archive's container: stored entries at aligned offsets, no clock and no host in it.

The layout is docs/archive-format.md; the zip structures are those of PKWARE's APPNOTE 6.3.
"""

import os
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_DATE_1980_01_01 = 0x21
_VERSION_ZIP64 = 45
_PADDING_ID = 0x4246
_MAX32 = 0xFFFFFFFF
ALIGNMENT, WEIGHT_ALIGNMENT = 64, 16384


@dataclass
class Record:
    """One entry: its path below the stem and its bytes (anything with a buffer)."""

    path: str
    data: bytes | memoryview
    alignment: int = ALIGNMENT

    @property
    def size(self) -> int:
        return memoryview(self.data).nbytes


def write_archive(path: Path, stem: str, records: Iterable[Record]) -> int:
    """Writes the records in the order given to `path`, whole or not at all. Returns the size of the file in bytes.
    OSError when the file cannot be written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            directory = [_write_entry(file, f"{stem}/{record.path}", record) for record in records]
            start = file.tell()
            for entry in directory:
                file.write(entry)
            file.write(_end_of_directory(len(directory), start, file.tell() - start))
            size = file.tell()
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return size


def _write_entry(file, name: str, record: Record) -> bytes:
    """Writes header and data; returns the entry's line in the directory."""
    encoded = name.encode()
    offset, size = file.tell(), record.size
    crc = zlib.crc32(record.data)
    large = size >= _MAX32
    sizes = struct.pack("<HHQQ", 1, 16, size, size) if large else b""
    stored_size = _MAX32 if large else size
    padding = _padding(offset + 30 + len(encoded) + len(sizes), record.alignment)
    extra = sizes + padding
    file.write(_header(b"PK\x03\x04", large, crc, stored_size, len(encoded), len(extra)))
    file.write(encoded + extra)
    file.write(record.data)

    fields = struct.pack("<QQ", size, size) if large else b""
    fields += struct.pack("<Q", offset) if offset >= _MAX32 else b""
    extra = struct.pack("<HH", 1, len(fields)) + fields if fields else b""
    line = _header(b"PK\x01\x02", bool(fields), crc, stored_size, len(encoded), len(extra))
    return line + struct.pack("<HHHII", 0, 0, 0, 0, min(offset, _MAX32)) + encoded + extra


def _header(signature: bytes, zip64: bool, crc: int, size: int, name_length: int, extra_length: int) -> bytes:
    version = _VERSION_ZIP64 if zip64 else 20
    made_by = struct.pack("<H", version) if signature == b"PK\x01\x02" else b""
    fields = struct.pack("<HHHHH", version, 0, 0, 0, _DATE_1980_01_01)
    return signature + made_by + fields + struct.pack("<IIIHH", crc, size, size, name_length, extra_length)


def _padding(data_offset: int, alignment: int) -> bytes:
    """An extra field that moves data from `data_offset` to the next multiple of `alignment`."""
    missing = -data_offset % alignment
    if missing == 0:
        return b""
    if missing < 4:
        missing += alignment
    return struct.pack("<HH", _PADDING_ID, missing - 4) + b"Z" * (missing - 4)


def _end_of_directory(count: int, offset: int, size: int) -> bytes:
    end = b"PK\x05\x06" + struct.pack(
        "<HHHHIIH", 0, 0, min(count, 0xFFFF), min(count, 0xFFFF), min(size, _MAX32), min(offset, _MAX32), 0
    )
    if count < 0xFFFF and size < _MAX32 and offset < _MAX32:
        return end
    version = _VERSION_ZIP64
    zip64 = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, version, version, 0, 0, count, count, size, offset)
    return zip64 + b"PK\x06\x07" + struct.pack("<IQI", 0, offset + size, 1) + end
