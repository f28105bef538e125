"""Asks the runtime's tokenizer, through a test program."""

import struct
import subprocess
from pathlib import Path

from programs import BUILD

PROGRAM = BUILD / "release" / "tests" / "tools" / "tokenizer_dump"
NO_TOKEN, ERROR = 0xFFFFFFFF, 0xFFFFFFFE


class Requests:
    """What is asked, all at once, and how to read the answers."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._readers = []

    def encode(self, text: str | bytes, add_special: bool = False, parse_special: bool = True) -> None:
        self._ask("e", add_special | parse_special << 1, _sized(text))
        self._readers.append(_Answers.tokens)

    def encode_segments(self, segments: list[tuple[str | bytes, bool]], add_special: bool = False) -> None:
        fields = b"".join(bytes([trusted]) + _sized(text) for text, trusted in segments)
        self._ask("s", add_special, struct.pack("<I", len(segments)) + fields)
        self._readers.append(_Answers.tokens)

    def decode(self, tokens: list[int], skip_special: bool = True) -> None:
        """Answers the text, and what a streaming decoder gave."""
        self._ask("d", skip_special, struct.pack(f"<I{len(tokens)}I", len(tokens), *tokens))
        self._readers.append(lambda answers: (answers.text(), answers.text()))

    def token_bytes(self, token: int) -> None:
        """Answers whether it is special, and its bytes."""
        self._ask("b", 0, struct.pack("<I", token))
        self._readers.append(lambda answers: (answers.byte() == 1, answers.data()))

    def find(self, text: str) -> None:
        self._ask("f", 0, _sized(text))
        self._readers.append(_Answers.number)

    def _ask(self, what: str, flags: int, fields: bytes) -> None:
        self._bytes += what.encode() + bytes([flags]) + fields

    def answers(self, table: Path) -> list:
        done = subprocess.run([PROGRAM, table], input=bytes(self._bytes), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        answers = _Answers(done.stdout)
        result = [reader(answers) for reader in self._readers]
        assert answers.at == len(done.stdout)
        return result


class _Answers:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def _take(self, size: int) -> bytes:
        part = self._data[self.at : self.at + size]
        assert len(part) == size, "the program stopped"
        self.at += size
        return part

    def byte(self) -> int:
        return self._take(1)[0]

    def number(self) -> int:
        return struct.unpack("<I", self._take(4))[0]

    def data(self) -> bytes:
        return self._take(self.number())

    def text(self) -> str:
        return self.data().decode()

    def tokens(self) -> list[int] | str:
        """Or what went wrong."""
        count = self.number()
        if count == ERROR:
            return self.text()
        return list(struct.unpack(f"<{count}I", self._take(4 * count)))


def _sized(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("<I", len(data)) + data
