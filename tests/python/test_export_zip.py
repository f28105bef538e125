"""The container, read back with Python's zipfile."""

import zipfile

import pytest
from hearth.export import zip_writer
from hearth.export.zip_writer import Record, write_archive

RECORDS = [
    Record("archive_format", b"pt2"),
    Record("data/w", b"x" * 300, 16384),
    Record("empty", b""),
    Record("z", b"1"),
]


@pytest.mark.parametrize("limit", [0xFFFFFFFF, 200], ids=["small", "zip64"])
def test_zipfile_reads_every_record(tmp_path, monkeypatch, limit):
    # A lower limit makes sizes and offsets of this little file take the zip64 form.
    monkeypatch.setattr(zip_writer, "_MAX32", limit)
    path = tmp_path / "a.pt2"
    size = write_archive(path, "stem", RECORDS)
    if limit == 200:
        monkeypatch.undo()
        data = path.read_bytes()
        assert b"PK\x06\x06" in data
        path.write_bytes(data.replace(b"\xc8\x00\x00\x00", b"\xff\xff\xff\xff"))
    assert size == path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            f"stem/{record.path}": record.data for record in RECORDS
        }


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.pt2"
    path.write_bytes(b"old")

    def records():
        yield RECORDS[0]
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_archive(path, "stem", records())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
