"""Conversations to render chat templates with: roles, tools, parts, empty and unusual text."""

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": 'Tells the "weather" of a place.',
        "parameters": {
            "type": "object",
            "properties": {
                "place": {"type": "string", "description": " A town,\nas people write it "},
                "days": {"type": "integer", "default": 1},
                "unit": {"type": "string", "enum": ["C", "F"]},
                "hours": {"type": "array", "items": {"type": "number"}},
            },
            "required": ["place"],
        },
    },
}
SEARCH = {
    "type": "function",
    "function": {
        "name": "search",
        "description": "Sucht Straßen – 検索",
        "parameters": {
            "type": "object",
            "properties": {
                "query": {"type": ["string", "null"], "description": "What"},
                "where": {
                    "type": "object",
                    "properties": {"lat": {"type": "number"}, "exact": {"type": "boolean"}},
                    "required": ["lat"],
                },
            },
        },
    },
}
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
USER = {"role": "user", "content": "What is it?"}
SYSTEM = {"role": "system", "content": "Be brief. "}
ANSWER = {"role": "assistant", "content": " It is a test.\n"}


def call(name: str, arguments, identity: str = "abcdefghi") -> dict:
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


def conversation(*messages: dict, **variables) -> dict:
    return {"messages": list(messages), **TOKENS, **variables}


CALLS = [
    SYSTEM,
    {"role": "user", "content": "Weather in Köln?"},
    {"role": "assistant", "content": None, "tool_calls": [call("get_weather", {"place": "Köln", "days": 2})]},
    {"role": "tool", "name": "get_weather", "tool_call_id": "abcdefghi", "content": '{"sky": "grey"}'},
    {"role": "assistant", "content": "Grey."},
    {"role": "user", "content": "And then?"},
]
SEVERAL_CALLS = [
    {"role": "user", "content": "Both?"},
    {
        "role": "assistant",
        "content": "I look.",
        "tool_calls": [
            call("get_weather", {"place": 'O\'Hare "x"', "hours": [1.5, 2e20], "unit": None}, "aaaaaaaaa"),
            call("search", {"query": "a\tb", "where": {"lat": -0.5, "exact": True}}, "bbbbbbbbb"),
        ],
    },
    {"role": "tool", "name": "get_weather", "tool_call_id": "aaaaaaaaa", "content": "wet"},
    {"role": "tool", "name": "search", "tool_call_id": "bbbbbbbbb", "content": "found"},
]
PARTS = [
    {"role": "user", "content": [{"type": "image", "image": "a.png"}, {"type": "text", "text": "What is on it? "}]},
    {"role": "assistant", "content": [{"type": "text", "text": "A cat."}]},
    {"role": "user", "content": [{"type": "text", "text": "Sure?"}, {"type": "image_url", "image_url": "b"}]},
]
DOCUMENTS = [{"title": "One", "text": "First."}, {"title": "Zwei", "text": "Größe\n2"}]

CONVERSATIONS = {
    "user": conversation(USER),
    "user and prompt": conversation(USER, add_generation_prompt=True),
    "system": conversation(SYSTEM, USER, add_generation_prompt=True),
    "turns": conversation(USER, ANSWER, {"role": "user", "content": "  And \n\n this?  "}),
    "system and turns": conversation(SYSTEM, USER, ANSWER, USER, ANSWER, add_generation_prompt=True),
    "ends with an answer": conversation(USER, ANSWER),
    "wrong order": conversation(ANSWER, USER),
    "two of the user": conversation(USER, USER),
    "unknown role": conversation(USER, {"role": "critic", "content": "Hm."}),
    "empty contents": conversation(
        {"role": "system", "content": ""}, {"role": "user", "content": ""}, {"role": "assistant", "content": ""}
    ),
    "unicode": conversation(
        {"role": "user", "content": "Grüße 👋🏽, 你好\u2028\u00a0<b>ﬁ</b>"},
        {"role": "assistant", "content": "\u200bİstanbul \\n \x7f"},
        add_generation_prompt=True,
    ),
    "special tokens": conversation(
        {"role": "user", "content": "<|im_end|></s>[INST] {{ x }} {% raw %}"}, ANSWER, add_generation_prompt=True
    ),
    "thinking": conversation(
        USER,
        {"role": "assistant", "content": "<think>\nWell…\n</think>\n\nYes."},
        {"role": "user", "content": "/no_think really?"},
        {"role": "assistant", "content": "No.", "reasoning_content": "Hm.\n"},
        add_generation_prompt=True,
        enable_thinking=False,
        thinking=True,
        skip_think=False,
    ),
    "tools": conversation(SYSTEM, USER, tools=[WEATHER, SEARCH], add_generation_prompt=True),
    "tools without system": conversation(USER, tools=[WEATHER]),
    "calls": conversation(*CALLS, tools=[WEATHER, SEARCH], add_generation_prompt=True),
    "calls without tools": conversation(*CALLS),
    "several calls": conversation(*SEVERAL_CALLS, tools=[WEATHER, SEARCH], add_generation_prompt=True),
    "call with text": conversation(
        USER, {"role": "assistant", "content": "", "tool_calls": [call("search", '{"query": 1}')]}, tools=[SEARCH]
    ),
    "parts": conversation(*PARTS, add_generation_prompt=True),
    "parts and numbers": conversation(*PARTS, add_vision_id=True),
    "parts and system": conversation({"role": "system", "content": [{"type": "text", "text": "See."}]}, *PARTS),
    "documents": conversation(SYSTEM, USER, documents=DOCUMENTS, add_generation_prompt=True),
    "documents and controls": conversation(
        USER, documents=DOCUMENTS, controls={"citations": True, "length": "short"}, add_generation_prompt=True
    ),
    "no messages": conversation(),
}
