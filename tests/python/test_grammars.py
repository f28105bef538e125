"""Texts drawn at random under the masks of grammars are valid by other programs' judgement, and valid texts fit."""

import json
import random
import re
import subprocess

import pytest
from grammar_cases import HAND_WRITTEN, generated
from jsonschema import Draft7Validator, Draft202012Validator, ValidationError, validators
from programs import BUILD

PROBE = BUILD / "release" / "tests" / "tools" / "grammar_probe"
SEEDS = 6
GENERATED = 200


def ascii_pattern(validator, pattern, instance, schema):
    """ECMAScript's \\d, \\w and \\s know ASCII only, Python's do not."""
    if validator.is_type(instance, "string") and not re.search(pattern, instance, re.ASCII):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def validator_of(schema):
    draft7 = isinstance(schema, dict) and "draft-07" in schema.get("$schema", "")
    base = Draft7Validator if draft7 else Draft202012Validator
    return validators.extend(base, {"pattern": ascii_pattern})(schema, format_checker=base.FORMAT_CHECKER)


def plain_vocabulary() -> list[bytes]:
    """All single bytes, and bytes at random that are mostly what JSON is made of."""
    draw = random.Random(1)
    common = b'{}[]":,.-+0123456789 eEtrufalsn\\abcxyz_'
    pieces = {bytes(draw.choices(common, k=draw.randint(2, 8))) for _ in range(3000)}
    pieces |= {draw.randbytes(draw.randint(2, 4)) for _ in range(500)}
    return [bytes([i]) for i in range(256)] + sorted(pieces)


def word_vocabulary() -> list[bytes]:
    """All single bytes, and pieces such as a model has: words, ends of values, characters whole and in part."""
    draw = random.Random(2)
    parts = [
        '"',
        '":',
        '": ',
        '",',
        '", "',
        '"}',
        '{"',
        "[{",
        "}]",
        "},",
        ", ",
        "name",
        "id",
        "tags",
        "true",
        "null",
        "false",
    ]
    parts += [
        "\u00e9",
        "\u00fc\u00df",
        "\u4f60\u597d",
        "\U0001f600",
        "\u20ac",
        "ab",
        "Foo",
        "2026",
        "-02-",
        "00",
        "12",
        "\\n",
        "\\u00e9",
    ]
    pieces = {"".join(draw.choices(parts, k=draw.randint(1, 3))).encode()[: draw.randint(2, 12)] for _ in range(2500)}
    return [bytes([i]) for i in range(256)] + sorted(pieces)


@pytest.fixture(scope="module", params=[plain_vocabulary, word_vocabulary], ids=["plain", "words"])
def vocabulary(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("vocabulary") / "tokens"
    path.write_bytes(b"".join(bytes([len(token)]) + token for token in request.param()))
    return path


def job(kind: str, text: str, fits: list[str] | None = None, seeds: int = SEEDS, tokens: int = 40) -> dict:
    return {"kind": kind, "text": text, "seeds": seeds, "tokens": tokens, "fits": fits or []}


def probe(vocabulary, jobs: list[dict]) -> list[dict]:
    lines = "".join(json.dumps(each) + "\n" for each in jobs)
    done = subprocess.run([PROBE, vocabulary], input=lines, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(jobs)
    for each, answer in zip(jobs, answers, strict=True):
        assert "error" not in answer, (each["text"], answer["error"])
        answer["drawn"] = [bytes.fromhex(text).decode() for text in answer["drawn"]]
    return answers


def compact(value) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def check_schemas(vocabulary, schemas: list) -> None:
    first = probe(vocabulary, [job("schema", json.dumps(schema)) for schema in schemas])
    shortest = probe(vocabulary, [job("schema", json.dumps(schema), seeds=1, tokens=0) for schema in schemas])
    again = []
    for schema, answer, short in zip(schemas, first, shortest, strict=True):
        validator = validator_of(schema)
        values = []
        for text in answer["drawn"] + short["drawn"]:
            value = json.loads(text)
            validator.validate(value)
            values.append(value)
        # Floats may be written in another way than the schema's; members that came twice are gone.
        fits = [compact(value) for value in values if not has_float(value)]
        again.append(job("schema", json.dumps(schema), fits, seeds=0))
    for each, answer in zip(again, probe(vocabulary, again), strict=True):
        assert all(answer["fits"]), (each["text"], each["fits"], answer["fits"])


def has_float(value) -> bool:
    if isinstance(value, dict):
        return any(has_float(item) for item in value.values())
    return isinstance(value, float) or (isinstance(value, list) and any(has_float(item) for item in value))


def test_texts_of_hand_written_schemas_are_valid(vocabulary):
    check_schemas(vocabulary, HAND_WRITTEN)


def test_texts_of_generated_schemas_are_valid(vocabulary):
    check_schemas(vocabulary, [generated(seed) for seed in range(GENERATED)])


def test_there_are_enough_schemas():
    assert len(HAND_WRITTEN) + GENERATED >= 250


VALID = [
    (
        {"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}, "required": ["a"]},
        [{"a": 1}, {"a": -5, "b": [1, {"c": None}]}, {"a": 0, "b": '\u00e9"\\\n\u0001/'}],
        [{}, {"b": 1}, {"a": 1.5}, {"b": 1, "a": 1}],
    ),
    (
        {"type": "array", "items": {"anyOf": [{"type": "string", "maxLength": 2}, {"type": "null"}]}},
        [[], ["a", None, "\U0001f600\u00e9"]],
        [["abc"], [1], {}],
    ),
    (
        {"type": "string", "format": "date-time"},
        ["2024-02-29T23:59:59Z", "1999-12-31T00:00:00.123+05:30"],
        ["2023-02-29T00:00:00Z", "2024-01-01 00:00:00Z", "2024-01-01T24:00:00Z"],
    ),
    ({"type": "string", "format": "email"}, ["joe@example.org", "a.b+c@x-y.example"], ["joe", "@x.y", "a@b c.d"]),
    ({"type": "string", "format": "ipv4"}, ["0.0.0.0", "255.10.9.1"], ["256.1.1.1", "1.1.1", "01.1.1.1"]),
    (
        {"type": "string", "format": "ipv6"},
        ["::", "::1", "fe80::1:2", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::"],
        ["1::2::3", "12345::", "1:2:3"],
    ),
    ({"type": "string", "format": "hostname"}, ["example.org", "a-b.c"], ["-a.b", "a..b", "a_b"]),
    (
        {"type": "string", "format": "uri"},
        ["https://u@h:80/p/q?x=1#f", "mailto:a@b.c", "urn:x:y"],
        ["no scheme", "//h/p", "http://a b"],
    ),
    (
        {"type": "string", "format": "uuid"},
        ["123e4567-e89b-12d3-a456-426614174000"],
        ["123e4567e89b12d3a456426614174000"],
    ),
    ({"type": "object", "additionalProperties": {"type": "integer"}}, [{}, {"x": 1, "y z": 2}], [{"x": "1"}]),
]


def test_valid_instances_fit_and_others_do_not(vocabulary):
    jobs = [job("schema", json.dumps(schema), [compact(v) for v in good + bad], seeds=0) for schema, good, bad in VALID]
    for (schema, good, bad), answer in zip(VALID, probe(vocabulary, jobs), strict=True):
        assert answer["fits"] == [True] * len(good) + [False] * len(bad), schema


def test_schemas_that_cannot_be_held_are_refused(vocabulary):
    refused = {
        "#/not": {"not": {"type": "string"}},
        "#/properties/a/if": {"properties": {"a": {"if": True, "then": False}}},
        "#/items/contains": {"items": {"contains": {"const": 1}}},
        "uniqueItems": {"type": "array", "uniqueItems": True},
        "#/oneOf": {"oneOf": [{"minimum": 1}, {"maximum": 5}]},
        "multipleOf": {"type": "number", "multipleOf": 0.5},
        "#/dependentRequired": {"dependentRequired": {"a": ["b"]}},
        "#/unevaluatedProperties": {"unevaluatedProperties": False},
        "no schema at": {"$ref": "#/$defs/missing"},
        "looking ahead": {"type": "string", "pattern": "(?!a)b"},
        "no value is valid": {"allOf": [{"type": "string"}, {"type": "integer"}]},
    }
    jobs = [job("schema", json.dumps(schema)) for schema in refused.values()]
    lines = "".join(json.dumps(each) + "\n" for each in jobs)
    done = subprocess.run([PROBE, vocabulary], input=lines, capture_output=True, text=True, check=True)
    for message, line in zip(refused, done.stdout.splitlines(), strict=True):
        assert message in json.loads(line)["error"], line


REGEXES = [
    "abc",
    "a*b+c?",
    "(ab|cd){2,3}",
    "[a-fA-F0-9]{4}",
    "[^\\d\\s]+",
    "\\w+@\\w+\\.(com|org)",
    "(a|b)*abb",
    "x{0,3}y{2,}",
    ".",
    "",
    "(?:a(?:b(?:c)?)?)?",
    "[\\]\\[\\-^]+",
    "\\d{4}-(0[1-9]|1[0-2])",
    "a|",
    "[\u00e0-\u00ff]{2}",
    "\\x41\\u0042",
    "(a*)*",
    "(a+?b)*?",
    "\\.\\*\\/",
]


def test_regular_expressions_mean_what_python_means(vocabulary):
    draw = random.Random(3)
    texts = ["".join(draw.choices("abcdxyAB019-@.\u00e9 \n*/", k=draw.randint(0, 6))) for _ in range(200)]
    texts += [
        "abc",
        "cdcd",
        "beef",
        "q@w.org",
        "babb",
        "xyy",
        "2026-12",
        "AB",
        ".*/",
        "]^-[",
        "aabab",
        "c",
        "\u00e9\u00e8",
    ]
    answers = probe(vocabulary, [job("regex", pattern, texts) for pattern in REGEXES])
    for pattern, answer in zip(REGEXES, answers, strict=True):
        for text in answer["drawn"]:
            assert re.fullmatch(pattern, text, re.ASCII), (pattern, text)
        expected = [re.fullmatch(pattern, text, re.ASCII) is not None for text in texts]
        assert answer["fits"] == expected, pattern


def fits_rules(rules: dict[str, list[list[str]]], text: str) -> bool:
    """A reference: whether `root` derives a text, by Earley's algorithm. Names are rules, else characters."""
    chart: list[set] = [set() for _ in range(len(text) + 1)]
    chart[0] = {("root", tuple(body), 0, 0) for body in rules["root"]}
    for at, items in enumerate(chart):
        left = list(items)
        while left:
            name, body, dot, origin = left.pop()
            if dot < len(body) and body[dot] not in rules:
                if at < len(text) and text[at] == body[dot]:
                    chart[at + 1].add((name, body, dot + 1, origin))
                continue
            if dot < len(body):
                new = {(body[dot], tuple(each), 0, at) for each in rules[body[dot]]}
                new |= {
                    (name, body, dot + 1, origin) for n, b, d, o in items if n == body[dot] and d == len(b) and o == at
                }
            else:
                new = {(n, b, d + 1, o) for n, b, d, o in chart[origin] if d < len(b) and b[d] == name}
            left += new - items
            items |= new
    return any(name == "root" and dot == len(body) and origin == 0 for name, body, dot, origin in chart[-1])


def gbnf_of(rules: dict[str, list[list[str]]]) -> str:
    def symbol(part: str) -> str:
        return part if part in rules else json.dumps(part)

    return "\n".join(
        f"{name} ::= " + " | ".join(" ".join(map(symbol, body)) or '""' for body in bodies)
        for name, bodies in rules.items()
    )


GRAMMARS = [
    {"root": [["(", "root", ")"], ["x"], []]},
    {"root": [["item"], ["item", ",", "root"]], "item": [["a"], ["[", "root", "]"]]},
    {"root": [["a", "root", "a"], ["b", "root", "b"], ["a"], ["b"], []]},
    {
        "root": [["sum"]],
        "sum": [["product"], ["product", "+", "sum"]],
        "product": [["atom"], ["atom", "*", "product"]],
        "atom": [["x"], ["y"], ["(", "sum", ")"]],
    },
    {
        "root": [["a", "x", "d"]],
        "x": [["b", "x", "c"], ["y"]],
        "y": [[], ["y2"]],
        "y2": [["x2", "z"]],
        "x2": [["b"]],
        "z": [["c"], ["c", "z"]],
    },
]


def test_gbnf_grammars_derive_what_a_reference_does(vocabulary):
    draw = random.Random(4)
    jobs, expected = [], []
    for rules in GRAMMARS:
        parts = {part for bodies in rules.values() for body in bodies for part in body}
        characters = sorted(parts - set(rules))
        texts = ["".join(draw.choices(characters, k=draw.randint(0, 7))) for _ in range(300)]
        jobs.append(job("gbnf", gbnf_of(rules), texts, tokens=20))
        expected.append([fits_rules(rules, text) for text in texts])
    for rules, answer, wanted in zip(GRAMMARS, probe(vocabulary, jobs), expected, strict=True):
        assert answer["fits"] == wanted, gbnf_of(rules)
        for text in answer["drawn"]:
            assert fits_rules(rules, text), (gbnf_of(rules), text)


def test_json_texts_are_json(vocabulary):
    values = [None, True, [1, 2.5, -3e10, {"a": [], "": {}}], {"x": '\u00e9\n"\\\U0001f600'}, "", 0]
    texts = [json.dumps(value) for value in values] + [compact(value) for value in values]
    anything, objects = probe(vocabulary, [job("value", "", texts, seeds=40), job("object", "", texts, seeds=40)])
    for text in anything["drawn"]:
        json.loads(text)
    assert all(isinstance(json.loads(text), dict) for text in objects["drawn"])
    assert all(anything["fits"])
    assert objects["fits"] == [isinstance(value, dict) for value in values] * 2
