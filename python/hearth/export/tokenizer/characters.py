"""Classes of characters as the `tokenizers` library knows them. It is asked itself, and no version of Unicode, so that
the runtime agrees with it to the character."""

import functools

from tokenizers import Regex, normalizers, pre_tokenizers

from hearth.export.tokenizer.table import Ranges

LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


@functools.cache
def _all_characters() -> str:
    return "".join(chr(code) for code in range(LAST + 1) if code not in _SURROGATES)


def ranges_of(code_points) -> Ranges:
    """Ascending code points as ranges."""
    ranges: Ranges = []
    for code in code_points:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1] = (ranges[-1][0], code)
        else:
            ranges.append((code, code))
    return ranges


def complement(ranges: Ranges) -> Ranges:
    """All other code points."""
    result, first = [], 0
    for begin, end in ranges:
        if first < begin:
            result.append((first, begin - 1))
        first = end + 1
    return [*result, (first, LAST)] if first <= LAST else result


def union(*sets: Ranges) -> Ranges:
    result: Ranges = []
    for first, last in sorted(item for ranges in sets for item in ranges):
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(result[-1][1], last))
        else:
            result.append((first, last))
    return result


def intersection(a: Ranges, b: Ranges) -> Ranges:
    return complement(union(complement(a), complement(b)))


@functools.cache
def regex_class(written: str) -> tuple[tuple[int, int], ...]:
    """What a class of Oniguruma's syntax, such as "\\p{L}", has for members. An exception of `tokenizers` when there is
    no such class."""
    splitter = pre_tokenizers.Split(Regex(f"[^{written}]+"), "removed")
    return tuple(_kept(splitter))


def _kept(splitter) -> Ranges:
    """The characters that a pre-tokenizer leaves."""
    return ranges_of(ord(c) for piece, _ in splitter.pre_tokenize_str(_all_characters()) for c in piece)


@functools.cache
def white_space() -> tuple[tuple[int, int], ...]:
    return tuple(_without_surrogates(complement(_kept(pre_tokenizers.WhitespaceSplit()))))


@functools.cache
def punctuation() -> tuple[tuple[int, int], ...]:
    return tuple(_without_surrogates(complement(_kept(pre_tokenizers.Punctuation("removed")))))


@functools.cache
def digits() -> tuple[tuple[int, int], ...]:
    splitter = pre_tokenizers.Digits(individual_digits=False)
    pieces = [piece for piece, _ in splitter.pre_tokenize_str(_all_characters())]
    return tuple(
        ranges_of(ord(c) for piece in pieces if len(splitter.pre_tokenize_str("a" + piece[0])) == 2 for c in piece)
    )


@functools.cache
def word_characters() -> tuple[tuple[int, int], ...]:
    splitter = pre_tokenizers.Whitespace()
    pieces = [piece for piece, _ in splitter.pre_tokenize_str(_all_characters())]
    return tuple(
        ranges_of(ord(c) for piece in pieces if len(splitter.pre_tokenize_str("a" + piece[0])) == 1 for c in piece)
    )


def _without_surrogates(ranges: Ranges) -> Ranges:
    return intersection(ranges, [(0, _SURROGATES.start - 1), (_SURROGATES.stop, LAST)])


def normalizer_map(normalizer: normalizers.Normalizer) -> dict[int, str]:
    """What becomes of each character that a normalizer, which looks at one at a time, does not leave as it is."""
    normalize = normalizer.normalize_str
    return {ord(c): changed for c in _all_characters() if (changed := normalize(c)) != c}


@functools.cache
def normalizing_characters() -> tuple[tuple[int, int], ...]:
    """Those that normal forms change, reorder or join with neighbours, in the library's version of Unicode. All others
    stay as they are and keep what is before them apart from what is after."""
    decomposed, reorder = normalizer_map(normalizers.NFD()), normalizers.NFD().normalize_str
    active = set(decomposed) | set(normalizer_map(normalizers.NFKD()))
    active |= {ord(c) for parts in decomposed.values() for c in parts}
    # The least and the greatest combining class: one of them changes places with any other mark.
    active |= {ord(c) for c in _all_characters() if reorder("\u0345" + c) == c + "\u0345"}
    active |= {ord(c) for c in _all_characters() if reorder(c + "\u0334") == "\u0334" + c}
    return tuple(ranges_of(sorted(active)))
