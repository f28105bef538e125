"""LoRA adapters of PEFT are merged into their base: the answers are those of both products added."""

import json
import math

import pytest
import torch
import transformers
from conftest import run_exporter
from hearth.export import ExportError
from hearth.export.lora import merge_adapter
from programs import native_target
from safetensors.torch import save_file
from test_language_models import GENERATED, PROMPT, build, generate, greedy, round_weights
from torch import nn

RANK, ALPHA = 4, 12
QUERIES = [f"model.layers.{layer}.self_attn.q_proj" for layer in range(4)]
DOWN = [f"model.layers.{layer}.mlp.down_proj" for layer in range(4)]


def layer_sizes(module: nn.Module) -> tuple[int, int]:
    """Outputs and inputs as PEFT sees them."""
    rows, columns = module.weight.shape
    return (rows, columns) if isinstance(module, nn.Linear) else (columns, rows)


def write_adapter(folder, model: nn.Module, layers: list[str], rank=lambda name: RANK, **settings) -> dict:
    """An adapter's folder with random numbers; returns its weights by PEFT's names."""
    generator = torch.Generator().manual_seed(3)
    weights = {}
    for name in layers:
        module = model.get_submodule(name)
        outputs, inputs = layer_sizes(module)
        names = ("embedding_A", "embedding_B") if isinstance(module, nn.Embedding) else ("A.weight", "B.weight")
        shapes = ((rank(name), inputs), (outputs, rank(name)))
        for end, shape in zip(names, shapes, strict=True):
            weights[f"base_model.model.{name}.lora_{end}"] = torch.randn(shape, generator=generator) * 0.2
    write_folder(folder, weights, **settings)
    return weights


def write_folder(folder, weights: dict, **settings) -> None:
    folder.mkdir(exist_ok=True)
    usual = {"peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "base_model_name_or_path": "elsewhere/base"}
    (folder / "adapter_config.json").write_text(json.dumps(usual | settings))
    save_file(weights, folder / "adapter_model.safetensors")


def attach(model: nn.Module, weights: dict, scale) -> None:
    """Adds the adapter's products beside the layers, as PEFT runs them."""
    for key, b in weights.items():
        if "lora_B.weight" in key:
            name = key.removeprefix("base_model.model.").removesuffix(".lora_B.weight")
            a, b = weights[key.replace("lora_B", "lora_A")], b * scale(name)

            def beside(module, inputs, output, a=a, b=b):
                return output + inputs[0] @ a.T @ b.T

            model.get_submodule(name).register_forward_hook(beside)


def answer(model: nn.Module) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=torch.arange(3, 40).unsqueeze(0), use_cache=False).logits


KINDS = {
    "usual": ("Llama", QUERIES + DOWN, {}, lambda name: ALPHA / RANK),
    "scaled by the rank's root": ("Llama", DOWN, {"use_rslora": True}, lambda name: ALPHA / math.sqrt(RANK)),
    "patterns": (
        "Llama",
        QUERIES + DOWN,
        {"rank_pattern": {"down_proj": 8}, "alpha_pattern": {r"layers\.1\.self_attn\.q_proj": 2}},
        lambda name: (2 if "layers.1.self_attn" in name else ALPHA) / (8 if "down" in name else RANK),
    ),
    "weights with inputs first": ("GPT2", ["transformer.h.1.attn.c_attn"], {"fan_in_fan_out": True}, lambda name: 3),
    "a shared head": ("Gemma3", ["lm_head"], {}, lambda name: 3),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_merged_model_answers_as_with_the_adapter_beside(kind, tmp_path):
    name, layers, settings, scale = KINDS[kind]
    model, beside = build(name), build(name)
    ranks = (lambda layer: 8 if "down" in layer else RANK) if kind == "patterns" else (lambda layer: RANK)
    weights = write_adapter(tmp_path / "adapter", model, layers, ranks, **settings)
    before = answer(model)
    merge_adapter(model, tmp_path / "adapter")
    attach(beside, weights, scale)
    expected = answer(beside)
    assert float((answer(model) - expected).abs().max()) <= 1e-4 * float(expected.abs().max())
    assert float((before - expected).abs().max()) > 1e-2 * float(expected.abs().max())


def test_tables_and_layers_that_were_trained_whole_are_taken_over(tmp_path):
    model = build("Llama")
    table, head = model.model.embed_tokens.weight.clone(), torch.randn(256, 64)
    weights = write_adapter(tmp_path / "adapter", model, ["model.embed_tokens"])
    a, b = weights.values()
    weights["base_model.model.lm_head.weight"] = head
    weights["base_model.model.model.norm.modules_to_save.weight"] = norm = torch.randn(64)
    write_folder(tmp_path / "adapter", weights)
    merge_adapter(model, tmp_path / "adapter")
    torch.testing.assert_close(model.model.embed_tokens.weight, table + (b @ a).T * (ALPHA / RANK))
    assert torch.equal(model.lm_head.weight, head)
    assert torch.equal(model.model.norm.weight, norm)


def test_rows_have_the_lengths_that_dora_learned(tmp_path):
    model = build("Llama")
    name = DOWN[2]
    before = model.get_submodule(name).weight.clone()
    weights = write_adapter(tmp_path / "adapter", model, [name])
    a, b = weights.values()
    weights[f"base_model.model.{name}.lora_magnitude_vector"] = lengths = torch.rand(64) + 0.5
    write_folder(tmp_path / "adapter", weights, use_dora=True)
    merge_adapter(model, tmp_path / "adapter")
    merged = model.get_submodule(name).weight
    torch.testing.assert_close(merged.norm(dim=1), lengths)
    direction = before + b @ a * (ALPHA / RANK)
    torch.testing.assert_close(merged / lengths[:, None], direction / direction.norm(dim=1, keepdim=True))


def ended(key: str, name: str = QUERIES[0]) -> str:
    return f"base_model.model.{name}.{key}"


A, B = torch.zeros(RANK, 64), torch.zeros(64, RANK)
BOTH = {ended("lora_A.weight"): A, ended("lora_B.weight"): B}
REFUSED = {
    "another method": (BOTH, {"peft_type": "IA3"}, "IA3; only LORA"),
    "whole parameters": (BOTH, {"target_parameters": ["experts.down_proj"]}, "uses target_parameters"),
    "a base that changed": (BOTH, {"init_lora_weights": "pissa_niter_4"}, "changes the base's weights too"),
    "another rank": (BOTH, {"r": 8}, "the settings say r=8"),
    "no rank": (BOTH, {"r": "4"}, "r is 4 and lora_alpha 12"),
    "half a product": ({ended("lora_A.weight"): A}, {}, "lacks the rest"),
    "a foreign part": (BOTH | {ended("lora_C.weight"): A + 1}, {}, "lora_C.weight is nothing that"),
    "another base": ({key.replace("layers.0", "layers.9"): v for key, v in BOTH.items()}, {}, "for another base"),
    "other sizes": (BOTH | {ended("lora_A.weight"): torch.zeros(RANK, 32)}, {}, r"\[64, 32\] in the adapter"),
    "no product": (BOTH | {ended("lora_B.weight"): torch.zeros(64, 3)}, {}, "product exists"),
    "integers": (BOTH | {ended("lora_A.weight"): A.int()}, {}, "no floating-point"),
    "a longer vocabulary": ({"base_model.model.lm_head.weight": torch.zeros(300, 64)}, {}, r"\[256, 64\] in the model"),
    "nothing": ({}, {}, "holds no weights"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_merged_is_refused_by_name(case, tmp_path):
    weights, settings, message = REFUSED[case]
    write_folder(tmp_path / "adapter", weights, **settings)
    with pytest.raises(ExportError, match=message):
        merge_adapter(build("Llama"), tmp_path / "adapter")


def test_a_broken_folder_is_refused(tmp_path):
    folder = tmp_path / "adapter"
    with pytest.raises(ExportError, match=r"adapter_config\.json is missing"):
        merge_adapter(nn.Module(), folder)
    write_folder(folder, BOTH)
    (folder / "adapter_model.safetensors").write_bytes(b"no safetensors")
    with pytest.raises(ExportError, match="cannot be read"):
        merge_adapter(nn.Module(), folder)
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    with pytest.raises(ExportError, match="pickles could run code"):
        merge_adapter(nn.Module(), folder)
    (folder / "adapter_config.json").write_text("[]")
    with pytest.raises(ExportError, match="holds no settings"):
        merge_adapter(nn.Module(), folder)


def test_a_base_that_torchao_rounded_is_refused(tmp_path):
    from torchao.quantization import Int8WeightOnlyConfig, quantize_

    model = build("Llama")
    quantize_(model, Int8WeightOnlyConfig())
    write_folder(tmp_path / "adapter", BOTH)
    with pytest.raises(ExportError, match=r"q_proj of the base is quantised .* with --adapter and --quant"):
        merge_adapter(model, tmp_path / "adapter")


def export(folder, *arguments: str):
    target = native_target()
    return run_exporter(*arguments, "-o", "m.pt2", "--targets", target, "--quiet", cwd=folder)


@pytest.mark.parametrize("quant", [None, pytest.param("q8", marks=pytest.mark.rare)])
def test_a_fine_tune_generates_what_the_merged_model_does(quant, tmp_path):
    model = build("Llama")
    model.save_pretrained(tmp_path / "base")
    write_adapter(tmp_path / "tuned", model, QUERIES + DOWN, base_model_name_or_path="../base")
    # The base named, or found by the name that the adapter has of it.
    named = ("base", "--adapter", "tuned", "--quant", quant) if quant else ("tuned",)
    exported = export(tmp_path, *named)
    assert exported.returncode == 0, exported.stderr
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "base", attn_implementation="eager").eval()
    merge_adapter(model, tmp_path / "tuned")
    if quant:
        round_weights(model, quant)
    prompt = torch.randint(3, 256, (PROMPT,), generator=torch.Generator().manual_seed(1)).tolist()
    done = generate(tmp_path / "m.pt2", prompt, "-n", str(GENERATED), "--ignore-end")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tokens"] == greedy(model, prompt, GENERATED)


def test_an_adapter_without_its_base_says_what_to_do(tmp_path, resnet_folder):
    write_folder(tmp_path / "tuned", BOTH)
    alone = export(tmp_path, "tuned")
    assert "base is elsewhere/base, which is no folder here" in alone.stderr
    assert "--adapter" in alone.stderr
    pictures = export(tmp_path, str(resnet_folder), "--adapter", "tuned")
    assert "adapters go with language models" in pictures.stderr
    function = export(tmp_path, "model.py:source", "--adapter", "tuned")
    assert "an adapter goes with a Hugging Face folder" in function.stderr
