"""A file of 5 GB is opened by touching only what is needed."""

import json
import zipfile

import numpy as np
import pytest
from hearth.export import zip_writer
from programs import hearth, hearth_json

SIZE = 5 << 30
RECORD = "data/weights/weight_999"


class SparseFile:
    """A file that leaves a hole where the large record is written."""

    def __init__(self, file) -> None:
        self.file = file

    def write(self, data) -> None:
        if memoryview(data).nbytes == SIZE:
            self.file.seek(SIZE, 1)
        else:
            self.file.write(data)

    def tell(self) -> int:
        return self.file.tell()


@pytest.fixture
def large_file(speech_archive, tmp_path, monkeypatch):
    """The small file with a weight of 5 GiB of zeros in front of its code."""
    checksum = zip_writer.zlib.crc32
    monkeypatch.setattr(zip_writer.zlib, "crc32", lambda data: 0 if memoryview(data).nbytes == SIZE else checksum(data))
    manifest = speech_archive.manifest | {}
    manifest["records"] = manifest["records"] | {RECORD: {"size": SIZE, "xxh3": "0" * 16}}
    records = [zip_writer.Record(name, speech_archive.read(name), 16384) for name in speech_archive.names()]
    place = next(i for i, record in enumerate(records) if record.path.endswith("model.so"))
    records.insert(place, zip_writer.Record(RECORD, memoryview(np.zeros(SIZE, np.uint8)), 16384))
    path = tmp_path / "large.pt2"
    with path.open("wb") as file:
        sparse = SparseFile(file)
        lines = []
        for record in records:
            if record.path == "extra/hearth.json":
                record.data = json.dumps(manifest).encode()
            lines.append(zip_writer._write_entry(sparse, f"{speech_archive.stem}/{record.path}", record))
        start = sparse.tell()
        for line in lines:
            sparse.write(line)
        sparse.write(zip_writer._end_of_directory(len(lines), start, sparse.tell() - start))
    assert zipfile.ZipFile(path).getinfo(f"{speech_archive.stem}/{RECORD}").file_size == SIZE
    return path


def test_a_large_file_runs_in_little_memory(large_file):
    answer = hearth_json("bench", large_file, "encode", "-r", "1")
    assert answer["peak_memory_bytes"] < 100_000_000
    assert any("weight_999" in name for name in json.dumps(hearth_json("inspect", large_file)).split('"'))


def test_verify_reads_all_of_it(large_file):
    done = hearth("verify", large_file)
    assert done.returncode == 3
    assert RECORD in done.stderr
