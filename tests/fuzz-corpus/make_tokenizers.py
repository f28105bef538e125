#!/usr/bin/env python3
"""Makes the tables of small tokenizers in tokenizer/, which together have every kind of step.

usage: tests/fuzz-corpus/make_tokenizers.py     rewrites tokenizer/ beside itself (needs the exporter's environment)
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "python"), str(HERE.parent / "python")]

from hearth.export.tokenizer import compile_tokenizer  # noqa: E402
from tokenizer_samples import charsmap  # noqa: E402
from tokenizers import (  # noqa: E402
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)


def byte_level() -> Tokenizer:
    vocabulary = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    merges = [("a", "b"), ("Ġ", "I"), ("ab", "ab"), ("2", "0")]
    vocabulary |= {a + b: len(vocabulary) + number for number, (a, b) in enumerate(merges)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Strip()])
    splits = [pre_tokenizers.Split(Regex(r"\s+(?!\S)|\s+"), "merged_with_next"), pre_tokenizers.Punctuation()]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [*splits, pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False)]
    )
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 1)])
    tokenizer.add_special_tokens(["<s>", AddedToken("[M]", lstrip=True, rstrip=True, single_word=True)])
    tokenizer.add_tokens([AddedToken("It", normalized=True)])
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 260)])
    return tokenizer


def byte_fallback() -> Tokenizer:
    pieces = ["<unk>", "<s>", "▁", "a", "b", "ab", "▁a", "I", "t"]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    vocabulary |= {f"<0x{byte:02X}>": len(pieces) + byte for byte in range(256)}
    merges = [("a", "b"), ("▁", "a")]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(steps)
    tokenizer.add_special_tokens(["<s>"])
    return tokenizer


def unigram() -> Tokenizer:
    pieces = [("<unk>", 0.0), ("▁", -1.0), ("▁a", -2.5), ("b", -3.0), ("I", -3.5), ("'s", -4.0), ("字", -5.0)]
    tokenizer = Tokenizer(models.Unigram(pieces, 0, False))
    rules = normalizers.Precompiled(charsmap({"e\u0301": "é", "\t": " ", "漢": "kan", "ﬀ": "ff"}))
    tokenizer.normalizer = normalizers.Sequence([rules, normalizers.Replace(Regex(" {2,}"), "▁")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    return tokenizer


def word_piece() -> Tokenizer:
    vocabulary = {text: number for number, text in enumerate(["[UNK]", "it", "##s", "a", "##b", "2", "##0", "字", "'"])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=9))
    tokenizer.normalizer = normalizers.BertNormalizer(strip_accents=False, lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Digits(True)])
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def letters() -> Tokenizer:
    vocabulary = {text: number for number, text in enumerate(["<unk>", "<pad>", "|", "I", "t", "a"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.ByteLevel()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(".", "contiguous", invert=True)
    tokenizer.decoder = decoders.Sequence([decoders.CTC(), decoders.BPEDecoder("t")])
    tokenizer.add_special_tokens([AddedToken("<pad>", normalized=True)])
    return tokenizer


def joined() -> Tokenizer:
    return Tokenizer(models.BPE({"a": 0, "##b": 1, "ab": 2}, [("a", "##b")], continuing_subword_prefix="##"))


def main() -> None:
    folder = HERE / "tokenizer"
    folder.mkdir(exist_ok=True)
    for make in (byte_level, byte_fallback, unigram, word_piece, letters, joined):
        (folder / make.__name__).write_bytes(compile_tokenizer(make()))


if __name__ == "__main__":
    main()
