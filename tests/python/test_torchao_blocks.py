"""Layers and tables that torchao rounded become layers in blocks that hold the same numbers."""

import json

import pytest
import torch
import transformers
from conftest import run_exporter
from hearth.block_weights import dequantize_blocks
from hearth.export.language_model import Decoder, decode_method, example_step
from hearth.export.rounded_weights import RoundedWeights
from hearth.export.trace import trace
from hearth.export.widen import compute_in_float32
from programs import native_target
from test_language_models import GENERATED, PROMPT, build, generate, greedy
from test_quantization import calls
from torch import nn
from torchao.quantization import (
    Float8WeightOnlyConfig,
    Int4Tensor,
    Int8DynamicActivationInt8WeightConfig,
    Int8DynamicActivationIntxWeightConfig,
    Int8WeightOnlyConfig,
    IntxWeightOnlyConfig,
    quantize_,
)
from torchao.quantization.granularity import PerAxis, PerGroup
from torchao.quantization.qat import QATConfig
from torchao.quantization.quant_primitives import MappingType

ROWS, DEPTH = 48, 256
GROUPS = PerGroup(32)
ASYMMETRIC = {"mapping_type": MappingType.ASYMMETRIC}


def dynamic(granularity, **options) -> Int8DynamicActivationIntxWeightConfig:
    """torchao's 8da4w."""
    return Int8DynamicActivationIntxWeightConfig(torch.int4, granularity, **options)


def weights_of(bits: int, granularity=GROUPS, **options) -> IntxWeightOnlyConfig:
    return IntxWeightOnlyConfig(getattr(torch, f"int{bits}"), granularity, **options)


# The format that holds them; None: they stay as torchao has them.
CONFIGURATIONS = (
    [(dynamic(PerGroup(group)), "q4") for group in (32, 64, 128, 256)]
    + [(dynamic(PerAxis(0)), "q4")]
    + [(dynamic(PerGroup(64), weight_mapping_type=MappingType.ASYMMETRIC), "q4-asym")]
    + [(weights_of(bits), "q4" if bits <= 4 else "q8") for bits in range(2, 9)]
    + [(weights_of(bits, **ASYMMETRIC), "q4-asym" if bits <= 4 else "q8") for bits in range(1, 8)]
    + [(Int8WeightOnlyConfig(), "q8"), (Int8WeightOnlyConfig(granularity=PerGroup(64)), "q8")]
    + [(Int8DynamicActivationInt8WeightConfig(), "q8")]
    + [(weights_of(4, PerGroup(16)), None), (weights_of(8, **ASYMMETRIC), None), (Float8WeightOnlyConfig(), None)]
)


def quantised_layer(config, dtype: torch.dtype, depth: int = DEPTH) -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(depth, ROWS)).to(dtype)
    with torch.no_grad():
        model[0].weight.normal_(0.01, 0.05)
    quantize_(model, config)
    return model


def numbers_of(weight: torch.Tensor) -> torch.Tensor:
    """(number - zero) · scale, which torchao's dequantize() would round to the dtype of the model."""
    if isinstance(weight, Int4Tensor):
        low, high = (weight.qdata.view(torch.int8) << shift >> 4 for shift in (4, 0))
        groups = torch.stack([low, high], -1).flatten(-2).float().view(weight.shape[0], weight.scale.shape[0], -1)
        return (groups * weight.scale.t().float()[..., None] + weight.zero_point.t().float()[..., None]).flatten(1)
    shape = (weight.shape[0], -1)
    scale = weight.scale.float().reshape(*shape, 1)
    groups = weight.qdata.float().view(weight.shape[0], scale.shape[1], -1)
    return ((groups - weight.zero_point.float().reshape(*shape, 1)) * scale).flatten(1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("config", "fmt"), CONFIGURATIONS)
def test_blocks_hold_torchaos_numbers(config, fmt, dtype):
    model, rounded = quantised_layer(config, dtype), RoundedWeights()
    weight = model[0].weight
    with rounded.as_plain_tensors(model):
        stands_in = rounded.of(model[0].weight)
        assert (stands_in.fmt if stands_in else None) == fmt
        if fmt is None:
            return
        assert torch.equal(model[0].weight, weight.dequantize())
    assert model[0].weight is weight
    expected = numbers_of(weight)
    if dtype == torch.float32:
        torch.testing.assert_close(weight.dequantize(), expected, rtol=1e-6, atol=0)
    error = (dequantize_blocks(stands_in.pack(), fmt, ROWS, DEPTH) - expected).abs()
    # Scales and minimums become float16, which holds scales in bfloat16 as they are.
    if fmt == "q4-asym":
        scales = weight.scale.float().reshape(ROWS, -1)
        assert bool((error <= 2**-6 * scales.repeat_interleave(DEPTH // scales.shape[1], 1)).all())
    else:
        assert bool((error <= expected.abs() * (2**-11 if weight.scale.dtype == torch.float32 else 0)).all())


def test_rows_need_not_fill_blocks():
    model, rounded = quantised_layer(dynamic(PerAxis(0)), torch.bfloat16, depth=75), RoundedWeights()
    weight = model[0].weight
    with rounded.as_plain_tensors(model):
        packed = rounded.of(model[0].weight).pack()
    assert torch.equal(dequantize_blocks(packed, "q4", ROWS, 75), numbers_of(weight))


def test_numbers_rounded_on_another_device_come_along():
    """Int4Tensor, whose products this processor cannot compute."""
    generator = torch.Generator().manual_seed(0)
    pairs = torch.randint(-128, 128, (ROWS, DEPTH // 2), dtype=torch.int8, generator=generator)
    scale, zero_point = (torch.rand(2, ROWS, generator=generator).bfloat16() * 0.01 for _ in range(2))
    layer, rounded = nn.Linear(DEPTH, ROWS), RoundedWeights()
    layer.weight = nn.Parameter(Int4Tensor(pairs, scale, zero_point, [1, 128], (ROWS, DEPTH)), requires_grad=False)
    expected = numbers_of(layer.weight)
    with rounded.as_plain_tensors(layer):
        packed = rounded.of(layer.weight).pack()
        plain = layer.weight.float()
    torch.testing.assert_close(plain, expected, rtol=2**-8, atol=0)
    error = (dequantize_blocks(packed, "q4-asym", ROWS, DEPTH) - expected).abs()
    assert float(error.max()) <= 2**-6 * float(scale.max())


def test_scales_too_small_for_half_precision_stay_as_they_are():
    layer = nn.Linear(DEPTH, ROWS)
    with torch.no_grad():
        layer.weight.normal_(0, 1e-5)
    quantize_(layer, Int8WeightOnlyConfig())
    with RoundedWeights().as_plain_tensors(layer):
        assert type(layer.weight).__name__ == "Int8Tensor"


def learned(base) -> tuple:
    """The steps of quantisation-aware training."""
    return (QATConfig(base, step="prepare"), QATConfig(base, step="convert"))


MODELS = {
    "8da4w": ((dynamic(PerGroup(32)),), "q4"),
    "4 bits from a zero point on": ((weights_of(4, **ASYMMETRIC),), "q4-asym"),
    "int8 weights and rows": ((Int8DynamicActivationInt8WeightConfig(),), "q8"),
    "quantisation-aware training": (learned(dynamic(PerGroup(32))), "q4"),
}


def quantised_decoder(steps: tuple) -> tuple[nn.Module, nn.Module]:
    """A decoder in bfloat16 that torchao rounded, and one in float32 of the same numbers."""
    model, plain = build("Llama").to(torch.bfloat16), build("Llama").to(torch.bfloat16).float()
    for step in steps:
        quantize_(model, step)
    with torch.no_grad():
        for name, module in model.named_modules():
            if type(getattr(module, "weight", None)).__name__ in ("IntxUnpackedToInt8Tensor", "Int8Tensor"):
                plain.get_submodule(name).weight.copy_(numbers_of(module.weight))
    compute_in_float32(model)
    return model, plain


@pytest.mark.parametrize("name", MODELS)
def test_layers_of_a_language_model_become_blocks(name):
    steps, fmt = MODELS[name]
    model, plain = quantised_decoder(steps)
    step = example_step(256)
    program = trace("decode", decode_method(Decoder(model, 512)), {}).program
    names = calls(program)
    # Of each of 4 layers query, key and value, output, gate and up, down; and the head.
    assert names.count("hearth::hearth_linear") == 17
    assert not {"aten::_int_mm", "aten::linear"} & set(names)
    assert not [call for call in names if "quantize" in call]
    layers = [node for node in program.graph.nodes if node.target is torch.ops.hearth.hearth_linear.default]
    assert {node.args[4] for node in layers} == {fmt}
    with torch.no_grad():
        expected = plain(input_ids=step[0].unsqueeze(0), use_cache=False).logits[0][step[2]]
        answer = program.module(check_guards=False)(*step)["logits"]
    # Blocks hold scales in bfloat16 as they are, and others nearly so.
    allowed = 1e-4 if fmt == "q4" else 2e-2
    assert float((answer - expected).abs().max()) <= allowed * float(expected.abs().max())


ON_DISK = {
    "8da4w": (dynamic(PerGroup(32)), False),
    "tables too": (weights_of(8), True),
    "int8 weights and rows": (Int8DynamicActivationInt8WeightConfig(), False),
}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n == "8da4w" else pytest.mark.rare) for n in ON_DISK])
def test_a_quantised_checkpoint_answers_as_its_numbers_do(name, tmp_path):
    config, tables = ON_DISK[name]
    build("Llama").to(torch.bfloat16).save_pretrained(tmp_path / "base")
    settings = transformers.TorchAoConfig(config, include_input_output_embeddings=tables)
    load = transformers.AutoModelForCausalLM.from_pretrained
    load(tmp_path / "base", dtype=torch.bfloat16, quantization_config=settings).save_pretrained(tmp_path / "model")
    target = native_target()
    exported = run_exporter("model", "-o", "m.pt2", "--targets", target, "--quiet", cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    plain = load(tmp_path / "base", dtype=torch.float32, attn_implementation="eager").eval()
    rounded = load(tmp_path / "model", dtype=torch.float32)
    with torch.no_grad():
        for part, module in rounded.named_modules():
            if type(getattr(module, "weight", None)).__name__ in ("IntxUnpackedToInt8Tensor", "Int8Tensor"):
                plain.get_submodule(part).weight.copy_(numbers_of(module.weight))
    prompt = torch.randint(3, 256, (PROMPT,), generator=torch.Generator().manual_seed(1)).tolist()
    done = generate(tmp_path / "m.pt2", prompt, "-n", str(GENERATED), "--ignore-end")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tokens"] == greedy(plain, prompt, GENERATED)
