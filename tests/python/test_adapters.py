"""LoRA adapters that are loaded beside their base: one file of weights for many fine-tunes."""

import json
import shutil

import numpy as np
import pytest
import torch
import transformers
from conftest import run_exporter
from hearth.export import ExportError
from hearth.export.adapter import main, save_adapter
from programs import native_target
from test_language_models import GENERATED, PROMPT, build, generate, greedy, round_weights
from test_lora import ALPHA, BOTH, DOWN, QUERIES, RANK, attach, ended, write_adapter, write_folder

VALUES = [name.replace("q_proj", "v_proj") for name in QUERIES]
# Of the layers that stand in one weight some are changed, and some not.
CHANGED = QUERIES + VALUES[:2] + DOWN + ["model.layers.3.mlp.up_proj", "lm_head"]
TOKENS = torch.randint(3, 256, (PROMPT,), generator=torch.Generator().manual_seed(1)).tolist()


def export_base(folder, quant: str | None):
    build("Llama").save_pretrained(folder / "base")
    target = native_target()
    options = ("--quant", quant) if quant else ()
    done = run_exporter("base", "-o", "base.pt2", "--targets", target, "--quiet", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "base.pt2"


@pytest.fixture(scope="module")
def rounded_base(tmp_path_factory):
    return export_base(tmp_path_factory.mktemp("base"), "q4")


def tokens_of(file, *options: str) -> list[int]:
    done = generate(file, TOKENS, "-n", str(GENERATED), "--ignore-end", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["tokens"]


def check_answers(base, quant: str | None, folder) -> None:
    """With and without the adapter, as the base's numbers and the adapter's products say."""
    model = transformers.AutoModelForCausalLM.from_pretrained(base.parent / "base", attn_implementation="eager").eval()
    weights = write_adapter(folder / "tuned", model, CHANGED)
    assert main([str(folder / "tuned"), "--base", str(base), "-o", str(folder / "tuned.npz")]) == 0
    if quant:
        round_weights(model, quant)
    plain = greedy(model, TOKENS, GENERATED)
    assert tokens_of(base) == plain
    attach(model, weights, lambda name: ALPHA / RANK)
    tuned = greedy(model, TOKENS, GENERATED)
    assert tuned != plain
    assert tokens_of(base, "--adapter", str(folder / "tuned.npz")) == tuned


def test_a_rounded_base_answers_with_the_adapter_beside_it(rounded_base, tmp_path):
    check_answers(rounded_base, "q4", tmp_path)


@pytest.mark.rare
def test_a_base_in_float32_answers_with_the_adapter_beside_it(tmp_path):
    check_answers(export_base(tmp_path, None), None, tmp_path)


REFUSED = {
    "another base": ({key.replace("layers.0", "layers.9"): v for key, v in BOTH.items()}, {}, "no linear layer of"),
    "other sizes": (BOTH | {ended("lora_B.weight"): torch.zeros(32, RANK)}, {}, "has 32 outputs in the adapter and 64"),
    "a layer trained whole": (
        BOTH | {"base_model.model.lm_head.weight": torch.zeros(256, 64)},
        {},
        "has weight beside",
    ),
    "lengths of rows": (BOTH | {ended("lora_magnitude_vector"): torch.ones(64)}, {}, "has magnitude beside"),
    "a table": (
        {f"base_model.model.model.embed_tokens.lora_embedding_{p}": t for p, t in (("A", torch.zeros(RANK, 256)),)}
        | {"base_model.model.model.embed_tokens.lora_embedding_B": torch.zeros(64, RANK)},
        {},
        "has to be merged: python -m hearth.export BASE --adapter",
    ),
    "another method": (BOTH, {"peft_type": "IA3"}, "only LORA"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_only_merging_can_is_refused_by_name(case, rounded_base, tmp_path):
    weights, settings, message = REFUSED[case]
    write_folder(tmp_path / "tuned", weights, **settings)
    with pytest.raises(ExportError, match=message):
        save_adapter(tmp_path / "tuned", rounded_base, tmp_path / "tuned.npz")


def test_a_base_that_is_no_file_of_hearth_is_refused(tmp_path):
    write_folder(tmp_path / "tuned", BOTH)
    shutil.make_archive(str(tmp_path / "other"), "zip", tmp_path / "tuned")
    for base in ("missing.pt2", "other.zip", "tuned/adapter_config.json"):
        with pytest.raises(ExportError, match="no file of hearth"):
            save_adapter(tmp_path / "tuned", tmp_path / base, tmp_path / "tuned.npz")


WEIGHT = "model.model.layers.0.self_attn.q_proj.weight"
# Query, key and value in one.
DOWN_ARRAY, UP_ARRAY = np.zeros((4, 64), np.float32), np.zeros((128, 4), np.float16)
BROKEN = {
    "no arrays": ({}, "holds no arrays"),
    "half of a product": ({f"{WEIGHT}.up": UP_ARRAY}, "only one of its two arrays"),
    "another array": ({f"{WEIGHT}.side": UP_ARRAY}, "is none of an adapter's"),
    "no matrix": ({f"{WEIGHT}.up": UP_ARRAY[0], f"{WEIGHT}.down": DOWN_ARRAY}, "expected a matrix of"),
    "integers": ({f"{WEIGHT}.up": UP_ARRAY.astype(np.int32), f"{WEIGHT}.down": DOWN_ARRAY}, "expected a matrix of"),
    "no product": ({f"{WEIGHT}.up": UP_ARRAY[:, :3], f"{WEIGHT}.down": DOWN_ARRAY}, "no two factors"),
    "other sizes": ({f"{WEIGHT}.up": UP_ARRAY[:64], f"{WEIGHT}.down": DOWN_ARRAY}, "is for another model"),
    "another model": ({"other.up": UP_ARRAY, "other.down": DOWN_ARRAY}, "this one has no weight 'other'"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_the_runtime_refuses_what_does_not_fit(case, rounded_base, tmp_path):
    arrays, message = BROKEN[case]
    np.savez(tmp_path / "bad.npz", **arrays)
    done = generate(rounded_base, [5, 6], "--adapter", str(tmp_path / "bad.npz"))
    assert done.returncode != 0
    assert message in done.stderr
    assert "bad.npz" in done.stderr


def test_a_file_that_is_no_adapter_is_refused(rounded_base, tmp_path):
    (tmp_path / "bad.npz").write_bytes(b"no zip")
    done = generate(rounded_base, [5, 6], "--adapter", str(tmp_path / "bad.npz"))
    assert done.returncode != 0
    assert "bad.npz" in done.stderr
