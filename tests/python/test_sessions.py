"""Sessions of language models: whatever was run, taken back, forked, saved and loaded, they answer as fresh ones; kept
in narrow numbers, nearly so; and a file is whole whenever the process that writes it is killed."""

import json
import sys

import pytest
import torch
from conftest import run_exporter
from programs import BUILD, hearth, native_target, run_program
from test_language_models import C_FACE, DECODERS, LIBRARY, build, generate, greedy

CONTEXT = 1024
CACHES = ["computed", "bfloat16", "int8"]


@pytest.fixture(scope="module")
def gemma(tmp_path_factory):
    """Layers with a window of 8 tokens and layers without one, in turn."""
    folder = tmp_path_factory.mktemp("gemma")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DECODERS, "Gemma3", DECODERS["Gemma3"] | {"max_position_embeddings": CONTEXT})
        model = build("Gemma3")
    model.save_pretrained(folder / "model")
    target = native_target()
    options = ("-o", str(folder / "gemma.pt2"), "--targets", target, "--quiet")
    exported = run_exporter(str(folder / "model"), *options, cwd=folder)
    assert exported.returncode == 0, exported.stderr
    return model, folder / "gemma.pt2"


def numbers(count: int) -> list[int]:
    return torch.randint(3, 256, (count,), generator=torch.Generator().manual_seed(1)).tolist()


def run(file, *options: str, prompt: list[int] | None = None) -> dict:
    ids = [] if prompt is None else [f"--ids={','.join(map(str, prompt))}"]
    done = hearth("generate", file, *ids, "--ignore-end", "--json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("options", [(), ("--cache-type", "bf16"), ("--cache-type", "i8")], ids=str)
@pytest.mark.parametrize("count", [5, 700])
def test_a_generation_goes_on_from_a_file(gemma, tmp_path, count, options):
    model, file = gemma
    prompt, session = numbers(count), ("--session", str(tmp_path / "session"))
    whole = run(file, "-n", "12", *options, prompt=prompt)["tokens"]
    if not options:
        assert whole == greedy(model, prompt, 12)
    begun = run(file, "-n", "6", *options, *session, prompt=prompt)
    more = run(file, "-n", "6", *options, *session)
    assert begun["tokens"] + more["tokens"] == whole
    assert more["reused_tokens"] == count + 5
    answer = run(file, "-n", "3", *options, *session, prompt=[9, 8])
    assert answer["prompt_tokens"] == count + 14
    assert answer["tokens"] == run(file, "-n", "3", *options, prompt=prompt + whole + [9, 8])["tokens"]
    assert [path.name for path in tmp_path.iterdir()] == ["session"]


def test_a_file_says_why_it_is_refused(gemma, tmp_path):
    _, file = gemma
    path = tmp_path / "session"
    session = ("--session", str(path))
    run(file, "-n", "3", "--cache-type", "i8", *session, prompt=[5, 6])
    assert generate(file, [7], *session, "-n", "1").returncode == 0, "without a type the file's is kept"
    refused = generate(file, [7], *session, "--cache-type", "bf16")
    assert (refused.returncode, "as int8, not as bfloat16" in refused.stderr) == (2, True), refused.stderr
    good = path.read_bytes()
    cases = [(good[:-1], "damaged"), (good[:9], "of version"), (b"GGUF" + good, "no session's file"), (b"", "empty")]
    cases.append((good[:8] + b"\2" + good[9:], "is of version 2, this Hearth reads version 1"))
    cases.append((good[:200] + bytes([good[200] ^ 1]) + good[201:], "hash does not fit"))
    for data, message in cases:
        path.write_bytes(data)
        refused = generate(file, [7], *session)
        assert (refused.returncode, message in refused.stderr, str(path) in refused.stderr) == (3, True, True), (
            refused.stderr
        )
        assert path.read_bytes() == data
    nothing = hearth("generate", file, "--session", tmp_path / "none")
    assert (nothing.returncode, "nothing to continue" in nothing.stderr) == (2, True)
    nowhere = generate(file, [7], "-n", "1", "--session", str(tmp_path / "no" / "folder"))
    assert (nowhere.returncode, "cannot be written" in nowhere.stderr) == (1, True)


# Saves two sessions in turn, killed again and again: what is there must be one of them.
KILLS = """
import os, random, signal, time
path, rounds = sys.argv[3].encode(), int(sys.argv[4])
append(session, [token % 200 + 3 for token in range(300)])
short = made(lib.hearth_session_fork, session)
call(lib.hearth_session_rewind, short, ctypes.c_int64(5))
call(lib.hearth_session_save, session, path)
found = {300: 0, 5: 0}
parts = 0
for _ in range(rounds):
    child = os.fork()
    while child == 0:
        for saved in (short, session):
            lib.hearth_session_save(saved, path, None)
    time.sleep(random.uniform(0, 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    loaded = made(lib.hearth_session_load, model, path)
    found[length(loaded)] += 1
    lib.hearth_session_free(loaded)
    left = os.listdir(os.path.dirname(path))
    assert set(left) <= {b"session", b"session.part"}, left
    parts += len(left) - 1
call(lib.hearth_session_save, session, path)
assert os.listdir(os.path.dirname(path)) == [b"session"]
print(found[300], found[5], parts)
"""


def test_killing_a_save_leaves_the_old_file_or_the_new_one(gemma, tmp_path, request):
    rounds = 1000 if request.config.getoption("--all") else 150
    done = run_program(sys.executable, "-c", C_FACE + KILLS, LIBRARY, gemma[1], tmp_path / "session", str(rounds))
    assert done.returncode == 0, done.stderr
    long, short, parts = map(int, done.stdout.split())
    assert long + short == rounds
    assert min(long, short, parts) > 0, "some were killed between the two, some while they wrote"


# A context of 1,024 tokens, and an error beyond it that leaves the session as it is.
BEYOND = """
append(session, [5] * 1020)
for count in (5, 4, 1):
    try:
        append(session, [5] * count)
    except SystemExit as problem:
        print(problem)
print(length(session))
"""


def test_a_session_says_that_its_context_is_full(gemma):
    done = run_program(sys.executable, "-c", C_FACE + BEYOND, LIBRARY, gemma[1])
    assert done.stdout.splitlines() == [
        f"method 'decode': the sequence has {length} tokens, and {more} more do not fit the model's context of 1024: "
        "rewind it, or begin a new session"
        for length, more in ((1020, 5), (1024, 1))
    ] + ["1024"], done.stderr


@pytest.mark.parametrize("cache", CACHES)
@pytest.mark.parametrize("build_kind", ["release", "tsan"])
def test_random_calls_answer_as_a_fresh_session(build_kind, cache, gemma, tmp_path, request):
    stress = BUILD / build_kind / "tests" / "stress" / "sequence_stress"
    if not stress.exists():
        pytest.skip(f"{stress} is not built")
    sequences = 5 if build_kind == "tsan" else 1000 if request.config.getoption("--all") else 70
    done = run_program(stress, str(sequences), "1", gemma[1], tmp_path, cache)
    assert done.returncode == 0, done.stderr
    counts = dict(line.split(": ") for line in done.stdout.splitlines())
    done_things = {
        "forks",
        "loads",
        "rewinds",
        "runs",
        "runs of several",
        "refused rewinds",
        "refused runs",
        "saves",
        "largest difference",
    }
    assert counts.keys() == done_things or build_kind == "tsan", counts
