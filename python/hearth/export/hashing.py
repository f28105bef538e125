"""XXH3-64 (the hash of every record) and SHA-256 (of code), over anything that has a buffer.

XXH3 follows the specification of Yann Collet's xxHash 0.8 with the default secret and seed 0. Long inputs are hashed
with numpy: all products of a megabyte at once, then one step for each block of 1 KiB.
"""

import hashlib

import numpy as np

_MASK = (1 << 64) - 1
_PRIME32 = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
_PRIME64 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
_SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)
_STRIPE, _BLOCK_STRIPES = 64, 16
_BLOCK = _STRIPE * _BLOCK_STRIPES
_BATCH_BLOCKS = 1024


def sha256(data) -> str:
    """SHA-256 as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def xxh3(data) -> str:
    """XXH3-64 as 16 lower-case hex digits of the canonical form."""
    view = memoryview(data).cast("B")
    length = len(view)
    if length > 240:
        return f"{_hash_long(view):016x}"
    short = bytes(view)
    if length > 128:
        value = _hash_129_to_240(short)
    elif length > 16:
        value = _hash_17_to_128(short)
    else:
        value = _hash_0_to_16(short)
    return f"{value:016x}"


def _read64(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 8], "little")


def _read32(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 4], "little")


def _fold(a: int, b: int) -> int:
    product = a * b
    return (product & _MASK) ^ (product >> 64)


def _avalanche(value: int) -> int:
    value ^= value >> 37
    value = (value * 0x165667919E3779F9) & _MASK
    return value ^ (value >> 32)


def _avalanche_xxh64(value: int) -> int:
    value ^= value >> 33
    value = (value * _PRIME64[1]) & _MASK
    value ^= value >> 29
    value = (value * _PRIME64[2]) & _MASK
    return value ^ (value >> 32)


def _rotate(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK


def _mix16(data: bytes, offset: int, secret: int) -> int:
    low = _read64(data, offset) ^ _read64(_SECRET, secret)
    return _fold(low, _read64(data, offset + 8) ^ _read64(_SECRET, secret + 8))


def _hash_0_to_16(data: bytes) -> int:
    length = len(data)
    if length == 0:
        return _avalanche_xxh64(_read64(_SECRET, 56) ^ _read64(_SECRET, 64))
    if length <= 3:
        combined = (data[0] << 16) | (data[length >> 1] << 24) | data[-1] | (length << 8)
        return _avalanche_xxh64(combined ^ _read32(_SECRET, 0) ^ _read32(_SECRET, 4))
    if length <= 8:
        value = _read32(data, length - 4) + (_read32(data, 0) << 32)
        value ^= _read64(_SECRET, 8) ^ _read64(_SECRET, 16)
        value ^= _rotate(value, 49) ^ _rotate(value, 24)
        value = (value * 0x9FB21C651E98DF25) & _MASK
        value ^= (value >> 35) + length
        value = (value * 0x9FB21C651E98DF25) & _MASK
        return value ^ (value >> 28)
    low = _read64(data, 0) ^ _read64(_SECRET, 24) ^ _read64(_SECRET, 32)
    high = _read64(data, length - 8) ^ _read64(_SECRET, 40) ^ _read64(_SECRET, 48)
    swapped = int.from_bytes(low.to_bytes(8, "little"), "big")
    return _avalanche((length + swapped + high + _fold(low, high)) & _MASK)


def _hash_17_to_128(data: bytes) -> int:
    length = len(data)
    total = length * _PRIME64[0]
    for i in range((length - 1) // 32, -1, -1):
        total += _mix16(data, 16 * i, 32 * i) + _mix16(data, length - 16 * (i + 1), 32 * i + 16)
    return _avalanche(total & _MASK)


def _hash_129_to_240(data: bytes) -> int:
    length = len(data)
    total = length * _PRIME64[0] + sum(_mix16(data, 16 * i, 16 * i) for i in range(8))
    end = _mix16(data, length - 16, 136 - 17)
    end += sum(_mix16(data, 16 * i, 16 * (i - 8) + 3) for i in range(8, length // 16))
    return _avalanche((_avalanche(total & _MASK) + end) & _MASK)


def _secret_words(offset: int) -> np.ndarray:
    return np.frombuffer(_SECRET, np.uint8)[offset : offset + _STRIPE].view("<u8")


_STRIPE_SECRETS = np.stack([_secret_words(8 * i) for i in range(_BLOCK_STRIPES)])


def _products(words: np.ndarray, secrets: np.ndarray) -> np.ndarray:
    """What stripes add to the accumulators. words: [..., stripes, 8]; result: [..., 8]."""
    keyed = words ^ secrets
    added = (keyed & np.uint64(0xFFFFFFFF)) * (keyed >> np.uint64(32))
    added += words[..., [1, 0, 3, 2, 5, 4, 7, 6]]
    return added.sum(axis=-2, dtype=np.uint64)


def _hash_long(view: memoryview) -> int:
    length = len(view)
    data = np.frombuffer(view, np.uint8)
    p32, p64 = _PRIME32, _PRIME64
    totals = np.array([p32[2], p64[0], p64[1], p64[2], p64[3], p32[1], p64[4], p32[0]], np.uint64)
    scramble, prime, shift = _secret_words(len(_SECRET) - _STRIPE), np.uint64(p32[0]), np.uint64(47)
    block_count = (length - 1) // _BLOCK
    for first in range(0, block_count, _BATCH_BLOCKS):
        last = min(first + _BATCH_BLOCKS, block_count)
        words = data[first * _BLOCK : last * _BLOCK].view("<u8").reshape(-1, _BLOCK_STRIPES, 8)
        for added in _products(words, _STRIPE_SECRETS):
            totals += added
            totals ^= totals >> shift
            totals ^= scramble
            totals *= prime
    start = block_count * _BLOCK
    stripes = (length - 1 - start) // _STRIPE
    if stripes:
        words = data[start : start + stripes * _STRIPE].view("<u8").reshape(stripes, 8)
        totals += _products(words, _STRIPE_SECRETS[:stripes])
    last_stripe = data[length - _STRIPE :].copy().view("<u8").reshape(1, 8)
    totals += _products(last_stripe, _secret_words(len(_SECRET) - _STRIPE - 7))
    result = length * p64[0]
    for i in range(4):
        low = int(totals[2 * i]) ^ _read64(_SECRET, 11 + 16 * i)
        result += _fold(low, int(totals[2 * i + 1]) ^ _read64(_SECRET, 19 + 16 * i))
    return _avalanche(result & _MASK)
