"""XXH3 against values of the reference library (libxxhash 0.8.1)."""

import pytest
from hearth.export.hashing import sha256, xxh3

# Hashes of the first n bytes of 0, 1, … 250, 0, 1, …
REFERENCE = {
    0: "2d06800538d394c2",
    1: "c44bdff4074eecdb",
    3: "5f4299fc161c9cbb",
    4: "60dab036a58211f2",
    8: "3a1c2d7c85af88f8",
    9: "e9612598145bb9dc",
    16: "8355e3a6f61770db",
    17: "9ef341a99de37328",
    64: "6187eb9089b0ed55",
    128: "85c6174c7ff4c46b",
    129: "ec7642b431ba3e5a",
    240: "375a384d957fe865",
    241: "02e8cd95421c6d02",
    1024: "e5d78bafa45b2aa5",
    1025: "e95c42288f28186e",
    5000: "b418500fc42320ee",
}


@pytest.mark.parametrize("length", REFERENCE)
def test_xxh3_matches_the_reference(length):
    assert xxh3(bytes(i % 251 for i in range(length))) == REFERENCE[length]


def test_sha256_is_hexadecimal():
    assert sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
