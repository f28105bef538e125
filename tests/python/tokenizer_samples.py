"""Tokenizers of the published families, trained here on a few lines, and texts to try them with."""

import json
import random
import struct
import unicodedata

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")
O200K = "|".join(
    [
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)
DEEPSEEK = [
    r"\p{N}{1,3}",
    r"[一-龥぀-ゟ゠-ヿ]+",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+"
    r"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
]
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"
CLIP = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"

_CORPUS = [
    "The quick brown fox jumps over the lazy dog. It's what we'd call a pangram, isn't it?",
    "def tokenize(text: str) -> list[int]:\n    return [vocab[t] for t in text.split()]  # 12345 tokens\n",
    "Être ou ne pas être, voilà la question : naïve façade, cœur, Übergröße, straße.",
    "Съешь же ещё этих мягких французских булок, да выпей чаю. Это 2024 год.",
    "敏捷的棕色狐狸跳过懒狗。天地玄黄，宇宙洪荒。日月盈昃，辰宿列张。",
    "いろはにほへと ちりぬるを カタカナ ガギグゲゴ 日本語の文章です。",
    "다람쥐 헌 쳇바퀴에 타고파. 한국어 문장입니다.",
    "صِف خَلقَ خَودِ كَمِثلِ الشَمسِ إِذ بَزَغَت। नमस्ते दुनिया। สวัสดีชาวโลก",
    "for (int i = 0; i < n; ++i) { sum += a[i] * b[i]; } // don't stop, we're done; they've said they'll go",
    "Hello world! hello World? HELLO WORLD... 3.14159 1,000,000 0xDEADBEEF user@example.com https://example.com/a?b=c",
    "tokens tokenization tokenizer untokenized words wording worded reworded the there then them these",
]


def _train(tokenizer: Tokenizer, trainer) -> Tokenizer:
    tokenizer.train_from_iterator(_CORPUS * 3, trainer)
    return tokenizer


def _remade(tokenizer: Tokenizer, model) -> Tokenizer:
    """The same with another model: options that trainers do not set."""
    tokenizer.model = model
    return tokenizer


def _byte_level(split=None, normalizer=None, ignore_merges=False, prefix_space=False) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    last = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space, use_regex=split is None)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*(split or []), last]) if split else last
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
    )
    return _train(tokenizer, trainer)


def _split(pattern: str, behavior: str = "isolated", invert: bool = False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def gpt2() -> Tokenizer:
    return _byte_level()


def roberta() -> Tokenizer:
    tokenizer = _byte_level(prefix_space=True)
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True), "<s>", "</s>"])
    ends = [(text, tokenizer.token_to_id(text)) for text in ("</s>", "<s>")]
    tokenizer.post_processor = processors.RobertaProcessing(*ends)
    return tokenizer


def llama3() -> Tokenizer:
    tokenizer = _byte_level([_split(LLAMA3)], ignore_merges=True)
    tokenizer.add_special_tokens(["<|begin_of_text|>"])
    template = processors.TemplateProcessing(
        "<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", tokenizer.token_to_id("<|begin_of_text|>"))]
    )
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(), template])
    return tokenizer


def qwen2() -> Tokenizer:
    tokenizer = _byte_level([_split(QWEN2)], normalizers.NFC())
    tokenizer.add_tokens([AddedToken("<tool_call>", normalized=False), AddedToken("<think>", normalized=False)])
    return tokenizer


def gpt_neox() -> Tokenizer:
    tokenizer = _byte_level(normalizer=normalizers.NFC())
    tokenizer.add_tokens([AddedToken(" " * count, normalized=True) for count in range(24, 1, -1)])
    return tokenizer


def starcoder() -> Tokenizer:
    return _byte_level([pre_tokenizers.Digits(individual_digits=True)])


def gpt4o() -> Tokenizer:
    return _byte_level([_split(O200K)])


def deepseek() -> Tokenizer:
    return _byte_level([_split(pattern) for pattern in DEEPSEEK])


def bloom() -> Tokenizer:
    return _byte_level([_split(BLOOM)])


def falcon() -> Tokenizer:
    steps = [pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    return _byte_level([*steps, pre_tokenizers.Digits(), _split("[0-9][0-9][0-9]")])


def clip() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token="<|endoftext|>"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [_split(CLIP, "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    trainer = trainers.BpeTrainer(
        vocab_size=900,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        end_of_word_suffix="</w>",
        special_tokens=["<|startoftext|>", "<|endoftext|>"],
    )
    return _train(tokenizer, trainer)


def _sentence_piece_bpe(normalizer, pre_tokenizer, decoder) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<unk>", "<s>", "</s>"]
    _train(tokenizer, trainers.BpeTrainer(vocab_size=700, special_tokens=special, limit_alphabet=150))
    model = json.loads(tokenizer.to_str())["model"]
    vocabulary = model["vocab"] | {f"<0x{byte:02X}>": len(model["vocab"]) + byte for byte in range(256)}
    merges = [tuple(merge) for merge in model["merges"]]
    tokenizer.model = models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoder
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def _llama_decoder(strip: bool):
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    return decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)] if strip else steps)


def llama2() -> Tokenizer:
    normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return _sentence_piece_bpe(normalizer, None, _llama_decoder(True))


def mistral() -> Tokenizer:
    metaspace = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    return _sentence_piece_bpe(None, metaspace, _llama_decoder(True))


def gemma() -> Tokenizer:
    split = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer = _sentence_piece_bpe(normalizers.Replace(" ", "▁"), split, _llama_decoder(False))
    tokenizer.add_special_tokens(["<start_of_turn>", "<end_of_turn>"])
    tokenizer.add_tokens([AddedToken("\n" * count, normalized=False) for count in range(2, 8)])
    return tokenizer


def without_unknown() -> Tokenizer:
    """Characters without a token vanish."""
    tokenizer = _sentence_piece_bpe(None, pre_tokenizers.Metaspace(), decoders.Metaspace())
    model = json.loads(tokenizer.to_str())["model"]
    return _remade(tokenizer, models.BPE(model["vocab"], [tuple(merge) for merge in model["merges"]]))


def unknown_each() -> Tokenizer:
    """Each unknown character is a token; characters inside of words have a prefix."""
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]", continuing_subword_prefix="##"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.WordPiece(cleanup=False)
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=["[UNK]"], continuing_subword_prefix="##", limit_alphabet=100
    )
    return _train(tokenizer, trainer)


def _unigram(normalizer, pre_tokenizer) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    return _train(tokenizer, trainers.UnigramTrainer(vocab_size=500, special_tokens=special, unk_token="<unk>"))


def t5() -> Tokenizer:
    rules = normalizers.Precompiled(charsmap(_compatibility_rules()))
    spaces = normalizers.Replace(Regex(" {2,}"), "▁")
    tokenizer = _unigram(
        normalizers.Sequence([rules, normalizers.Strip(left=False, right=True), spaces]), pre_tokenizers.Metaspace()
    )
    tokenizer.add_special_tokens([f"<extra_id_{number}>" for number in range(9)])
    tokenizer.post_processor = processors.TemplateProcessing(
        "$A </s>", special_tokens=[("</s>", tokenizer.token_to_id("</s>"))]
    )
    return tokenizer


def xlm_roberta() -> Tokenizer:
    tokenizer = _unigram(
        normalizers.Precompiled(charsmap(_compatibility_rules())),
        pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]),
    )
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    return tokenizer


def albert() -> Tokenizer:
    steps = [normalizers.Replace("``", '"'), normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]
    return _unigram(normalizers.Sequence(steps), pre_tokenizers.Metaspace(prepend_scheme="never"))


def unigram_bytes() -> Tokenizer:
    tokenizer = _unigram(normalizers.Nmt(), pre_tokenizers.Metaspace(prepend_scheme="first"))
    model = json.loads(tokenizer.to_str())["model"]
    pieces = [tuple(piece) for piece in model["vocab"]] + [(f"<0x{byte:02X}>", 0.0) for byte in range(256)]
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="first")])
    return _remade(tokenizer, models.Unigram(pieces, model["unk_id"], True))


def _bert(lowercase: bool) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=20))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    _train(tokenizer, trainers.WordPieceTrainer(vocab_size=700, special_tokens=special))
    ends = [(text, tokenizer.token_to_id(text)) for text in ("[SEP]", "[CLS]")]
    tokenizer.post_processor = processors.BertProcessing(*ends)
    return tokenizer


def bert_uncased() -> Tokenizer:
    return _bert(lowercase=True)


def bert_cased() -> Tokenizer:
    return _bert(lowercase=False)


def word_level() -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Strip(), normalizers.NFKC()])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    _train(tokenizer, trainers.WordLevelTrainer(special_tokens=["[UNK]"]))
    tokenizer.add_tokens(
        [
            AddedToken("Fox", single_word=True),
            AddedToken("DOG", rstrip=True, lstrip=True),
            AddedToken("é", normalized=True),
        ]
    )
    return tokenizer


def delimited() -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.NFD()
    splits = [pre_tokenizers.CharDelimiterSplit("e"), pre_tokenizers.Punctuation("merged_with_next")]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*splits, _split(r"\s+", "merged_with_previous")])
    return _train(tokenizer, trainers.WordLevelTrainer(special_tokens=["[UNK]"]))


def speech() -> Tokenizer:
    letters = {"<pad>": 0, "<unk>": 1, "n't": 2} | {
        letter: number for number, letter in enumerate("|etaonihsrdlu'.,m", 3)
    }
    tokenizer = Tokenizer(models.WordLevel(letters, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Replace(" ", "|")
    tokenizer.pre_tokenizer = _split(".", "isolated")
    tokenizer.decoder = decoders.CTC()
    tokenizer.add_special_tokens(["<pad>"])
    return tokenizer


FAMILIES = [
    *(gpt2, roberta, llama3, qwen2, gpt_neox, starcoder, gpt4o, deepseek, bloom, falcon, clip),
    *(llama2, mistral, gemma, without_unknown, unknown_each, t5, xlm_roberta, albert, unigram_bytes),
    *(bert_uncased, bert_cased, word_level, delimited, speech),
]


def _compatibility_rules() -> dict[str, str]:
    """Some of the rules of SentencePiece's nmt_nfkc: characters, and bases with a mark."""
    rules = {"\t": " ", "\n": " ", "\u200b": " ", "\x01": "", "e\u0301": "é", "か\u3099": "が", "ｶﾞ": "ガ"}
    for code in [*range(0xA0, 0x250), *range(0x2100, 0x2200), *range(0x3300, 0x3400), *range(0xFB00, 0xFB07)]:
        folded = unicodedata.normalize("NFKC", chr(code))
        if folded != chr(code):
            rules[chr(code)] = folded
    for code in range(0xFF01, 0xFF5F):
        rules[chr(code)] = unicodedata.normalize("NFKC", chr(code))
    return rules


def charsmap(rules: dict[str, str]) -> bytes:
    """Rules as SentencePiece writes them: a double array with a place for each, and the texts."""
    texts, places = bytearray(), {}
    for key, text in rules.items():
        places[key.encode()] = len(texts)
        texts += text.encode() + b"\0"
    units: dict[int, int] = {0: 0}
    taken, bases = {0}, {0}

    def insert(node: int, prefix: bytes) -> None:
        following = sorted({key[len(prefix)] for key in places if key.startswith(prefix) and key != prefix})
        labels = ([0] if prefix in places else []) + following
        base = node ^ 1
        while base in bases or any((base ^ label) in taken for label in labels):
            base += 1
        bases.add(base)
        taken.update(base ^ label for label in labels)
        units[node] |= (base ^ node) << 10
        if prefix in places:
            units[node] |= 1 << 8
            units[base] = 1 << 31 | places[prefix]
        for label in following:
            units[base ^ label] = label
            insert(base ^ label, prefix + bytes([label]))

    insert(0, b"")
    size = (max(units) | 0xFF) + 1
    array = struct.pack(f"<{size}I", *(units.get(index, 0) for index in range(size)))
    return struct.pack("<I", len(array)) + array + bytes(texts)


def strings(tokenizer: Tokenizer, count: int, seed: int = 0) -> list[str]:
    """Texts of all sorts, with the texts of added tokens among them."""
    generator = random.Random(seed)
    added = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
    words = " ".join(_CORPUS).split(" ")
    makers = [
        lambda: generator.choice(words),
        lambda: generator.choice(_CORPUS)[generator.randrange(20) : generator.randrange(20, 90)],
        lambda: "".join(_character(generator) for _ in range(generator.randrange(1, 12))),
        lambda: (
            generator.choice([" ", "\n", "\t", "\r\n", "\u00a0", "\u3000", "\u0085", "\u200b"])
            * generator.randrange(1, 9)
        ),
        lambda: generator.choice(_JOINED),
        lambda: generator.choice(added) if added else "",
        lambda: generator.choice(added)[: generator.randrange(1, 6)] if added else "",
        lambda: str(generator.randrange(10 ** generator.randrange(1, 12))),
        lambda: chr(generator.randrange(0x21)) + chr(generator.randrange(0x7F, 0xA1)),
        lambda: generator.choice("aé漢.#") * generator.randrange(1, 300),
        lambda: "e" + "".join(chr(generator.randrange(0x300, 0x370)) for _ in range(generator.randrange(1, 5))),
        lambda: generator.choice(
            ["", " ", "-", "'s", "'S", "n't", "``", "''", " do not", "▁", "Ġ", "<0x41>", "</w>", "##a"]
        ),
    ]
    return ["".join(generator.choice(makers)() for _ in range(generator.randrange(1, 8))) for _ in range(count)]


_JOINED = [
    "👩‍👩‍👧‍👦",
    "🏳️‍🌈",
    "👍🏽",
    "🇩🇪🇫🇷",
    "é",
    "각",
    "각",
    "नि",
    "กำ",
    "ﬀ",
    "ﬃ",
    "İ",
    "ß",
    "ſ",
    "Σς",
    "㎏",
    "①",
    "𝔘𝔫𝔦",
    "Ａｂｃ",
    "ｶﾞ",
    "か\u3099",
]


def _character(generator: random.Random) -> str:
    """One of any plane, assigned or not, each block about as often as the others."""
    return chr(generator.randrange(*generator.choice(_BLOCKS)))


_BLOCKS = [
    *((0x20, 0x7F), (0x80, 0x250), (0x250, 0x590), (0x590, 0x900), (0x900, 0x1100), (0x1100, 0x2000)),
    *((0x2000, 0x2C00), (0x2C00, 0x3400), (0x3400, 0xA000), (0xA000, 0xD800), (0xE000, 0x10000)),
    *((0x10000, 0x11000), (0x11000, 0x13000), (0x16800, 0x17000), (0x1B000, 0x1C000), (0x1D000, 0x20000)),
    *((0x20000, 0x30000), (0x30000, 0x31350), (0xE0000, 0xE0200), (0xF0000, 0x110000)),
]
