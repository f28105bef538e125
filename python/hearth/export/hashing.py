"""XXH3-64 (the hash of every record) and SHA-256 (of code), over anything that has a buffer."""

import hashlib

import xxhash


def sha256(data) -> str:
    """SHA-256 as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def xxh3(data) -> str:
    """XXH3-64 as 16 lower-case hex digits of the canonical form."""
    return xxhash.xxh3_64_hexdigest(memoryview(data).cast("B"))
