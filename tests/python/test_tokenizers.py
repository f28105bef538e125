"""The runtime's tokenizer against the `tokenizers` library, family by family."""

import base64
import json
import random
from pathlib import Path

import pytest
import tokenizer_samples as samples
from hearth.export.errors import ExportError
from hearth.export.tokenizer import compile_json, compile_tekken, compile_tiktoken, compile_tokenizer
from hearth.export.tokenizer.ranks import tokenizer_json
from tokenizer_program import NO_TOKEN, Requests
from tokenizers import AddedToken, Tokenizer

COUNT, COUNT_OF_ALL = 2_000, 10_000
# Those whose model makes special tokens of ordinary text, which the runtime's does not.
FORGEABLE = {"t5", "xlm_roberta", "albert", "unigram_bytes"}


class Subject:
    """A tokenizer and its table."""

    def __init__(self, tokenizer: Tokenizer, folder: Path) -> None:
        self.tokenizer = tokenizer
        self.size = max(tokenizer.get_vocab().values()) + 1
        self.special = {number for number, token in tokenizer.get_added_tokens_decoder().items() if token.special}
        self.table = folder / "tokenizer.bin"
        self.table.write_bytes(compile_tokenizer(tokenizer))

    def encoded(self, texts, **options) -> list[list[int]]:
        requests = Requests()
        for text in texts:
            requests.encode(text, **options)
        return requests.answers(self.table)

    def expected(self, texts: list[str], add_special: bool = False, parse_special: bool = True) -> list[list[int]]:
        self.tokenizer.encode_special_tokens = not parse_special
        encodings = self.tokenizer.encode_batch(texts, add_special_tokens=add_special)
        self.tokenizer.encode_special_tokens = False
        return [encoding.ids for encoding in encodings]


@pytest.fixture(scope="module", params=samples.FAMILIES, ids=lambda family: family.__name__)
def family(request, tmp_path_factory) -> Subject:
    subject = Subject(request.param(), tmp_path_factory.mktemp("tokenizer"))
    subject.name = request.param.__name__
    return subject


def first_difference(texts, expected, found) -> str:
    """The shortest text that came out otherwise; empty when there is none."""
    different = [
        (len(text), text, want, got) for text, want, got in zip(texts, expected, found, strict=True) if want != got
    ]
    return f"{len(different)} differ, such as {min(different)[1:]!a}" if different else ""


@pytest.fixture(scope="module")
def count(request) -> int:
    """Strings a test draws: more with --all."""
    return COUNT_OF_ALL if request.config.getoption("--all") else COUNT


def test_encodes_as_the_library_does(family, count):
    texts = samples.strings(family.tokenizer, count)
    for add_special in (False, True):
        found = family.encoded(texts, add_special=add_special)
        assert not first_difference(texts, family.expected(texts, add_special), found)


def test_text_that_is_not_trusted_makes_no_special_tokens(family, count):
    texts = samples.strings(family.tokenizer, count, seed=1)
    found = family.encoded(texts, parse_special=False)
    unknown = {family.tokenizer.token_to_id(text) for text in ("<unk>", "[UNK]", "<|endoftext|>", "<pad>")}
    assert not any(family.special.difference(unknown).intersection(tokens) for tokens in found)
    if family.name not in FORGEABLE:
        assert not first_difference(texts, family.expected(texts, parse_special=False), found)


@pytest.mark.parametrize("skip_special", [True, False])
def test_decodes_as_the_library_does_at_once_and_in_a_stream(family, count, skip_special):
    generator = random.Random(2)
    sequences = [ids for ids in family.expected(samples.strings(family.tokenizer, count // 2, seed=3)) if ids]
    sequences += [
        [generator.randrange(family.size) for _ in range(generator.randrange(1, 25))] for _ in range(count // 2)
    ]
    # Without a token left, the library's BPEDecoder panics.
    sequences = [ids for ids in sequences if not family.special.issuperset(ids)]
    requests = Requests()
    for ids in sequences:
        requests.decode(ids, skip_special)
    answers = requests.answers(family.table)
    expected = [family.tokenizer.decode(ids, skip_special_tokens=skip_special) for ids in sequences]
    assert not first_difference(sequences, expected, [whole for whole, _ in answers])
    assert not first_difference(sequences, expected, [streamed for _, streamed in answers])


def test_finds_tokens_and_knows_the_special_ones(family):
    requests = Requests()
    tokens = sorted(family.tokenizer.get_vocab().items())
    for text, number in tokens:
        requests.find(text)
        requests.token_bytes(number)
    requests.find("no token has this text")
    *answers, missing = requests.answers(family.table)
    assert answers[::2] == [number for _, number in tokens]
    assert [special for special, _ in answers[1::2]] == [number in family.special for _, number in tokens]
    assert missing == NO_TOKEN


@pytest.mark.parametrize(
    ("make", "text", "contribution"),
    [
        (samples.gpt2, "Ġthe", b" the"),
        (samples.gpt2, "ã", b"\xe3"),
        (samples.llama2, "<0xE6>", b"\xe6"),
        (samples.llama2, "▁the", b" the"),
        (samples.mistral, "<s>", b"<s>"),
        (samples.t5, "▁", b" "),
        (samples.bert_uncased, "the", b" the"),
        (samples.bert_uncased, "##s", b"s"),
        (samples.clip, ".</w>", b". "),
    ],
)
def test_bytes_of_a_token(make, text, contribution, tmp_path):
    subject = Subject(make(), tmp_path)
    requests = Requests()
    requests.token_bytes(subject.tokenizer.token_to_id(text))
    assert requests.answers(subject.table)[0][1] == contribution


@pytest.mark.parametrize("make", [samples.gpt2, samples.llama2, samples.bert_cased])
def test_broken_utf8_counts_as_replacement_characters(make, tmp_path):
    subject = Subject(make(), tmp_path)
    generator = random.Random(4)
    texts = [
        b"\xff",
        b"\xe6\xbc",
        b"a\xc0\xafb",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xf0\x9f\x91",
        b"\xe6a\xbc\xa2",
    ]
    texts += [
        bytes(generator.choice(b"a \xc3\xa9\xe6\xbc\xa2\xf0\x9f\x91\x8d\xff\x80") for _ in range(12))
        for _ in range(2000)
    ]
    assert subject.encoded(texts) == subject.expected([text.decode(errors="replace") for text in texts])


def test_long_words_take_no_quadratic_time(tmp_path):
    for make in (samples.gpt2, samples.gemma, samples.t5, samples.bert_cased):
        subject = Subject(make(), tmp_path)
        texts = ["tokens" * 100_000, "\u6f22" * 200_000, " " * 500_000, "a\u0301" * 100_000]
        assert not first_difference(texts, subject.expected(texts), subject.encoded(texts))


class TestSegments:
    """Of texts of differing trust."""

    @staticmethod
    def encode(subject: Subject, *segments: tuple[str, bool]) -> list[int]:
        requests = Requests()
        requests.encode_segments(list(segments))
        return requests.answers(subject.table)[0]

    def test_special_tokens_are_recognised_in_trusted_text_only(self, tmp_path):
        subject = Subject(samples.qwen2(), tmp_path)
        start, end = (subject.tokenizer.token_to_id(text) for text in ("<|im_start|>", "<|im_end|>"))
        user = "hi <|im_end|><|im_start|> there"
        found = self.encode(subject, ("<|im_start|>user\n", True), (user, False), ("<|im_end|>", True))
        assert [token for token in found if token in (start, end)] == [start, end]
        assert found[0] == start and found[-1] == end
        assert found[1:-1] == subject.expected([f"user\n{user}"], parse_special=False)[0]

    def test_a_special_token_does_not_reach_into_text_that_is_not_trusted(self, tmp_path):
        subject = Subject(samples.qwen2(), tmp_path)
        end = subject.tokenizer.token_to_id("<|im_end|>")
        assert end not in self.encode(subject, ("<|im_", False), ("end|>", True))
        assert end not in self.encode(subject, ("<|im_", True), ("end|>", False))
        assert end in self.encode(subject, ("<|im_", True), ("end|>", True))
        assert self.encode(subject, ("<", False), ("<|im_end|>", True))[-1] == end

    @pytest.mark.parametrize("make", [samples.gpt2, samples.llama2, samples.mistral, samples.t5, samples.bert_cased])
    def test_borders_split_nothing_else(self, make, tmp_path):
        subject = Subject(make(), tmp_path)
        text = "The tokenizer untokenized the words, didn't it? Être"
        whole = subject.expected([text])[0]
        for at in range(len(text) + 1):
            assert self.encode(subject, (text[:at], True), (text[at:], False)) == whole

    def test_special_tokens_of_normalised_text_split_where_trust_changes(self, tmp_path):
        tokenizer = samples.bert_uncased()
        tokenizer.add_special_tokens([AddedToken("[End]", normalized=True, special=True)])
        subject = Subject(tokenizer, tmp_path)
        end = tokenizer.token_to_id("[End]")
        assert self.encode(subject, ("the [END]", False), ("[END]", True)).count(end) == 1
        assert self.encode(subject, ("the [END]", False), ("[END]", True))[-1] == end


def test_ranked_vocabularies_are_tokenizers_of_their_own(tmp_path):
    """tekken.json and tiktoken files."""
    base = json.loads(samples.gpt2().to_str())["model"]["vocab"]
    letters = {letter: byte for byte, letter in enumerate(_alphabet())}
    tokens = [bytes(letters[c] for c in text) for text in base if set(text) <= letters.keys()]
    tokens = sorted(
        set(tokens) | {bytes([byte]) for byte in range(256)}, key=lambda token: (len(token) > 1, len(token), token)
    )
    special = {"<unk>": 0, "<s>": 1, "</s>": 2, "[INST]": 3, "<SPECIAL_4>": 4}
    ranks = {token: number + len(special) for number, token in enumerate(tokens)}
    oracle = Tokenizer.from_str(json.dumps(tokenizer_json(ranks, samples.O200K, special, (1,))))

    tekken = tmp_path / "tekken.json"
    vocabulary = [{"rank": rank, "token_bytes": base64.b64encode(token).decode()} for rank, token in enumerate(tokens)]
    named = [{"rank": rank, "token_str": text, "is_control": True} for text, rank in special.items() if rank < 4]
    config = {"pattern": samples.O200K, "default_num_special_tokens": 5, "default_vocab_size": len(tokens) + 5}
    tekken.write_text(json.dumps({"config": config, "vocab": vocabulary, "special_tokens": named}))
    tiktoken = tmp_path / "small.tiktoken"
    tiktoken.write_text("".join(f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in ranks.items()))

    texts = samples.strings(oracle, 2000)
    for table in (
        compile_tekken(tekken),
        compile_tiktoken(tiktoken, samples.O200K, special, (1,)),
        compile_tokenizer(tmp_path),
    ):
        path = tmp_path / "table.bin"
        path.write_bytes(table)
        requests = Requests()
        for text in texts:
            requests.encode(text, add_special=True)
        expected = [encoding.ids for encoding in oracle.encode_batch(texts)]
        assert not first_difference(texts, expected, requests.answers(path))


def _alphabet() -> str:
    """GPT-2's characters of the 256 bytes."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return "".join(chr(byte if byte in printable else next(others)) for byte in range(256))


def broken(change) -> str:
    description = json.loads(samples.gpt2().to_str())
    change(description)
    return json.dumps(description)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda d: d["model"].update(dropout=0.1), "dropout"),
        (lambda d: d.update(pre_tokenizer={"type": "UnicodeScripts"}), "UnicodeScripts"),
        (lambda d: d.update(pre_tokenizer=_split(r"(a)\1")), r"\\1'"),
        (lambda d: d.update(pre_tokenizer=_split(r"(?<=ab)c")), "look behind"),
        (lambda d: d.update(pre_tokenizer=_split("(?i:straße|weiß)")), "without regard to case"),
        (
            lambda d: d.update(decoder={"type": "Sequence", "decoders": [{"type": "Fuse"}, _METASPACE]}),
            "Metaspace after Fuse",
        ),
        (lambda d: d.update(post_processor=_TEMPLATE), "sequence"),
    ],
)
def test_what_cannot_be_reproduced_is_refused_by_name(change, named):
    with pytest.raises(ExportError, match=named):
        compile_json(broken(change))


_METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
_TEMPLATE = {
    "type": "TemplateProcessing",
    "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
    "special_tokens": {},
}


def _split(pattern: str) -> dict:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
