"""Lets `torch.export.pt2_archive` (and `torch.export.load`) read the portable graphs of Hearth archives.

PyTorch's reader opens all native code of an archive, decodes everything under `extra/` as text, and wants pickled
sample inputs. Hearth's native code needs the Hearth runtime, its goldens are .npy files, and it has no pickles: the
reader is shown an archive without the first two and with empty sample inputs. Other archives are read as ever.
"""

from torch.export.pt2_archive import _package

_MANIFEST = "extra/hearth.json"


class HearthAwareReader(_package.PT2ArchiveReader):
    """PT2ArchiveReader that leaves out of a Hearth archive what only the Hearth runtime can use."""

    _is_hearth = False

    def __init__(self, archive_path_or_buffer) -> None:
        super().__init__(archive_path_or_buffer)
        self._is_hearth = _MANIFEST in super().get_file_names()

    def get_file_names(self) -> list[str]:
        names = super().get_file_names()
        if not self._is_hearth:
            return names
        return [name for name in names if not name.startswith("data/aotinductor/") and not name.endswith(".npy")]

    def read_bytes(self, name: str) -> bytes:
        if self._is_hearth and name.startswith("data/sample_inputs/"):
            return b""
        return super().read_bytes(name)


def _install() -> None:
    if not issubclass(_package.PT2ArchiveReader, HearthAwareReader):
        _package.PT2ArchiveReader = HearthAwareReader


_install()
