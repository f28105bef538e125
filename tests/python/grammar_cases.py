"""JSON Schemas for test_grammars.py: each keyword, and schemas put together at random."""

import random

STRING, INTEGER, NUMBER, NULL, BOOLEAN = ({"type": name} for name in ("string", "integer", "number", "null", "boolean"))
FORMATS = ["date", "time", "date-time", "uuid", "email", "ipv4", "ipv6", "uri", "hostname"]
PATTERNS = [
    "^[a-z]+$",
    "^[A-Z]{3}-\\d{4}$",
    "\\d",
    "^(foo|bar)?$",
    "^.{2,4}$",
    "^a",
    "z$",
    "[^a-z]",
    "^\\w+\\s\\w+$",
    "^(a|b|cd)+$",
    "^[\\u00e0-\\u00ff]+$",
    '^"quoted\\\\"$',
    "^$",
    "^(?:\\+1)?\\d{3}$",
    "^[0-9a-f]{8}$",
    "x{2}|y{3}",
    "^#?[\\dA-F]{6}$",
]


def obj(properties: dict, required: list | None = None, **more) -> dict:
    return {"type": "object", "properties": properties, **({"required": required} if required else {}), **more}


def arr(items, **more) -> dict:
    return {"type": "array", "items": items, **more}


TREE = obj({"value": INTEGER, "children": arr({"$ref": "#/$defs/tree"})}, ["value"])
NUMBERS = [
    {"minimum": low, "maximum": high}
    for low, high in [(0, 1), (-1, 1), (0.25, 0.75), (-10.5, -2.25), (3, 3), (-7, 250), (99, 1001), (1e-3, 2e2), (0, 0)]
]
NUMBERS += [{"exclusiveMinimum": 0}, {"exclusiveMaximum": 0}, {"minimum": 17}, {"maximum": -17.5}]
NUMBERS += [{"exclusiveMinimum": 0.1, "exclusiveMaximum": 0.3}, {"exclusiveMinimum": -3, "maximum": 2}]
NUMBERS += [{"minimum": 1, "exclusiveMinimum": 1, "maximum": 9}, {"exclusiveMinimum": 1.5, "minimum": 1, "maximum": 12}]

HAND_WRITTEN = [
    True,
    {},
    STRING,
    INTEGER,
    NUMBER,
    NULL,
    BOOLEAN,
    {"type": "object"},
    {"type": "array"},
    {"type": ["integer", "string", "null"]},
    {"enum": ["red", "green", 3, None, {"a": [1, "\u00e9"]}]},
    {"const": {"nested": {"text": 'a"b\\c\n', "list": [True, None]}}},
    {"enum": ["a", "bb", "ccc", 4], "minLength": 2},
    {"type": "string", "enum": ["x", 1]},
    *({"type": "string", "format": name} for name in [*FORMATS, "unknown"]),
    *({"type": "string", "pattern": pattern} for pattern in PATTERNS),
    *(
        {"type": "string", "pattern": pattern, "minLength": 3}
        for pattern in PATTERNS
        if pattern not in ("^(foo|bar)?$x", "^$")
    ),
    {"type": "string", "pattern": "^a+b*$", "maxLength": 5},
    {"allOf": [{"type": "string", "pattern": "a"}, {"pattern": "b"}, {"maxLength": 6}]},
    {"type": "string", "format": "email", "maxLength": 20},
    *({"type": "string", "minLength": low, "maxLength": high} for low, high in [(0, 0), (1, 1), (3, 7), (40, 41)]),
    {"type": "string", "minLength": 12},
    {"type": "string", "maxLength": 5},
    *(
        {"type": "integer", **bounds}
        for bounds in NUMBERS
        if bounds not in ({"exclusiveMinimum": 0.1, "exclusiveMaximum": 0.3}, {"minimum": 0.25, "maximum": 0.75})
    ),
    *({"type": "number", **bounds} for bounds in NUMBERS),
    {"type": "integer", "multipleOf": 7},
    {"type": "integer", "multipleOf": 3, "minimum": 10, "maximum": 40},
    {"type": "number", "multipleOf": 5, "minimum": 0},
    {"type": "integer", "multipleOf": 4, "exclusiveMinimum": 0},
    {"allOf": [{"multipleOf": 4}, {"multipleOf": 6}], "type": "integer"},
    obj({"name": STRING, "age": {"type": "integer", "minimum": 0}}, ["name", "age"]),
    obj({"a": INTEGER, "b": BOOLEAN, "c": NULL}),
    obj({"a": INTEGER, "b": BOOLEAN, "c": NULL}, ["b"]),
    obj({"a": INTEGER}, additionalProperties=False),
    obj({"a": INTEGER}, additionalProperties=STRING),
    obj({"a": INTEGER, "ab": NULL}, ["ab"], additionalProperties=BOOLEAN),
    obj({"a": INTEGER}, ["a", "z"], additionalProperties=True),
    obj({}, ["x", "y"]),
    obj({'quo"te': NULL, "new\nline": NULL, "gr\u00fc\u00df": NULL}, ['quo"te']),
    {"type": "object", "additionalProperties": INTEGER},
    {"type": "object", "additionalProperties": False},
    {"type": "object", "additionalProperties": INTEGER, "maxProperties": 2},
    {"type": "object", "minProperties": 1, "additionalProperties": NULL},
    obj(dict.fromkeys("abcde", INTEGER), minProperties=2, maxProperties=3),
    obj(dict.fromkeys("abc", INTEGER), ["b"], minProperties=3, additionalProperties=BOOLEAN),
    {"type": "object", "propertyNames": {"pattern": "^[a-z]{1,3}$"}},
    {"type": "object", "propertyNames": {"minLength": 2, "maxLength": 4}, "additionalProperties": NULL},
    {"type": "object", "propertyNames": {"enum": ["x", "y"]}, "additionalProperties": NULL},
    obj({"ab": INTEGER, "c": NULL}, propertyNames={"maxLength": 1}),
    {"type": "object", "patternProperties": {"^n_": NUMBER, "_s$": STRING}, "additionalProperties": False},
    {
        "type": "object",
        "patternProperties": {"^n": {"minimum": 5}, "m$": {"type": "integer"}},
        "additionalProperties": NULL,
    },
    obj({"n_x": {"maximum": 9}}, ["n_x"], patternProperties={"^n_": INTEGER}),
    arr(INTEGER),
    arr(STRING, minItems=2, maxItems=4),
    arr(INTEGER, maxItems=0),
    arr({"enum": ["a", "b"]}, minItems=3),
    arr(INTEGER, maxItems=1, uniqueItems=True),
    {"type": "array", "prefixItems": [INTEGER, STRING], "items": False},
    {"type": "array", "prefixItems": [INTEGER, STRING], "items": BOOLEAN, "minItems": 2, "maxItems": 5},
    {"type": "array", "prefixItems": [INTEGER, STRING, NULL], "minItems": 1},
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "array",
        "items": [NULL, BOOLEAN],
        "additionalItems": False,
    },
    arr(arr(arr(INTEGER, maxItems=2), maxItems=2), minItems=1, maxItems=2),
    {"anyOf": [STRING, INTEGER]},
    {"anyOf": [obj({"a": STRING}, ["a"]), obj({"b": INTEGER}, ["b"]), NULL]},
    {"type": "integer", "anyOf": [{"maximum": 3}, {"minimum": 10, "maximum": 12}]},
    {"oneOf": [STRING, INTEGER, {"type": "array", "items": NULL}]},
    {"oneOf": [obj({"kind": {"const": kind}, kind: INTEGER}, ["kind"]) for kind in ("cat", "dog", "eel")]},
    {
        "oneOf": [
            obj({"a": INTEGER}, ["a"], additionalProperties=False),
            obj({"b": INTEGER}, ["b"], additionalProperties=False),
        ]
    },
    {"oneOf": [{"type": "integer", "maximum": 3}, {"type": "integer", "minimum": 4, "maximum": 12}]},
    {"oneOf": [{"enum": [1, 2]}, {"enum": [3]}, {"const": "x"}]},
    obj(
        {
            "pet": {
                "oneOf": [obj({"t": {"enum": ["a", "b"]}}, ["t"]), obj({"t": {"const": "c"}, "n": INTEGER}, ["t", "n"])]
            }
        },
        ["pet"],
    ),
    {"allOf": [obj({"a": INTEGER}, ["a"]), obj({"b": INTEGER}, ["b"])]},
    {"allOf": [obj({"a": {"minimum": 3}}), obj({"a": {"type": "integer", "maximum": 5}}, ["a"])]},
    {"allOf": [arr(INTEGER), {"items": {"minimum": 0, "maximum": 3}, "maxItems": 4}]},
    {"allOf": [{"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"anyOf": [{"minLength": 2}, {"minimum": 7}]}]},
    {"$defs": {"tree": TREE}, "$ref": "#/$defs/tree"},
    {
        "definitions": {"name": {"type": "string", "maxLength": 4}},
        "type": "object",
        "properties": {"n": {"$ref": "#/definitions/name"}},
    },
    {
        "$defs": {"p": {"$anchor": "positive", "type": "integer", "minimum": 1}},
        "type": "array",
        "items": {"$ref": "#positive"},
    },
    obj({"next": {"anyOf": [{"$ref": "#"}, NULL]}, "v": INTEGER}, ["next"]),
    {"$defs": {"a": arr({"$ref": "#/$defs/b"}), "b": obj({"a": {"$ref": "#/$defs/a"}})}, "$ref": "#/$defs/a"},
    {"$defs": {"s": {"type": "string"}}, "$ref": "#/$defs/s", "maxLength": 3},
    obj({"blocked": False, "free": True}),
    {
        "title": "t",
        "description": "d",
        "default": 1,
        "examples": [1],
        "$comment": "c",
        "deprecated": True,
        "type": "integer",
    },
    {"minimum": 3, "maxLength": 2, "maxItems": 1, "maxProperties": 1},
]


def generated(seed: int) -> dict:
    """A schema put together at random."""
    draw = random.Random(seed)

    def scalar() -> dict:
        kind = draw.randrange(9)
        if kind == 0:
            low = draw.randint(-2000, 2000)
            return {"type": draw.choice(["integer", "number"]), "minimum": low, "maximum": low + draw.randint(0, 3000)}
        if kind == 1:
            low = draw.randint(-500, 500) / 100
            high = round(low + draw.randint(1, 2000) / 1000, 4)
            return {"type": "number", draw.choice(["minimum", "exclusiveMinimum"]): low, "exclusiveMaximum": high}
        if kind == 2:
            low = draw.randint(0, 5)
            return {"type": "string", "minLength": low, "maxLength": low + draw.randint(0, 9)}
        if kind == 3:
            return {"type": "string", "pattern": draw.choice(PATTERNS)}
        if kind == 4:
            return {"type": "string", "format": draw.choice(FORMATS)}
        if kind == 5:
            return {"enum": draw.sample([1, 2.5, "a", "b\n", None, True, [1], {"k": "v"}], draw.randint(1, 4))}
        return draw.choice([STRING, INTEGER, NUMBER, NULL, BOOLEAN])

    def schema(depth: int) -> dict:
        kind = draw.randrange(8) if depth < 3 else 7
        if kind <= 2:
            names = draw.sample(["id", "name", "tags", "x", "y", "deep", "a b", "\u00fc"], draw.randint(1, 5))
            properties = {name: schema(depth + 1) for name in names}
            more = draw.choice([{}, {}, {"additionalProperties": False}, {"additionalProperties": scalar()}])
            if draw.random() < 0.2:
                more = {**more, "maxProperties": len(names)}
            return obj(properties, draw.sample(names, draw.randint(0, len(names))), **more)
        if kind == 3:
            low = draw.randint(0, 2)
            return arr(schema(depth + 1), minItems=low, maxItems=low + draw.randint(0, 3))
        if kind == 4:
            return {"type": "array", "prefixItems": [schema(depth + 1) for _ in range(draw.randint(1, 3))]}
        if kind == 5:
            return {"anyOf": [schema(depth + 1) for _ in range(draw.randint(2, 3))]}
        if kind == 6:
            return {"allOf": [obj({"p": schema(depth + 1)}, ["p"]), obj({"q": schema(depth + 1)})]}
        return scalar()

    return schema(0)
