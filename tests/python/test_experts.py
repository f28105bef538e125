"""Mixtures of experts as graphs: which weights they keep, in which form."""

import pytest
import torch
from hearth import ops  # noqa: F401  (registers torch.ops.hearth)
from hearth.block_weights import quantize_blocks
from hearth.export.language_model import Decoder, decode_method
from hearth.export.trace import TracedMethod, trace
from test_language_models import build
from test_quantization import calls

MOE = torch.ops.hearth.hearth_moe


def traced(name: str, **options) -> TracedMethod:
    return trace("decode", decode_method(Decoder(build(name), 512)), {}, **options)


def weights_of_experts(method: TracedMethod) -> list[torch.Tensor]:
    """Those of all mixtures, which must be the graph's own inputs."""
    nodes = list(method.program.graph.find_nodes(op="call_function", target=MOE.default))
    # Two for each layer.
    assert len(nodes) == 8
    assert all(node.args[2].op == "placeholder" for node in nodes)
    names = {spec.arg.name: spec.target for spec in method.program.graph_signature.input_specs}
    return [method.program.state_dict[names[node.args[2].name]] for node in nodes]


@pytest.mark.parametrize("shared", [True, False], ids=["a row for all experts", "a row for each"])
@pytest.mark.parametrize("fmt", ["f32", "q4"])
def test_a_row_is_multiplied_by_its_experts(fmt, shared):
    torch.manual_seed(0)
    weight, bias = torch.randn(3, 16, 64), torch.randn(3, 16)
    x, experts = torch.randn(*((5, 64) if shared else (5, 2, 64))), torch.randint(0, 3, (5, 2))
    operand = weight if fmt == "f32" else torch.stack([quantize_blocks(matrix, fmt) for matrix in weight])
    answer = MOE(x, experts, operand, bias, fmt, 16)
    for token in range(5):
        for place in range(2):
            row, expert = x[token] if shared else x[token, place], experts[token, place]
            alone = torch.ops.hearth.hearth_linear(row, operand[expert], bias[expert], None, fmt, 16, "none")
            torch.testing.assert_close(answer[token, place], alone)


def test_narrow_products_have_narrow_weights():
    """In gpt-oss matrices lie with their inputs first."""
    method = traced("GptOss", dtype=torch.bfloat16)
    assert {weight.dtype for weight in weights_of_experts(method)} == {torch.bfloat16}
    nodes = method.program.graph.find_nodes(op="call_function", target=MOE.default)
    assert {node.args[4] for node in nodes} == {"bf16"}
    assert method.accuracy.error <= 0.1


def test_what_chooses_experts_is_not_rounded():
    method = traced("Qwen3Moe", quant="q4")
    assert {weight.dtype for weight in weights_of_experts(method)} == {torch.uint8}
    layers = method.program.graph.find_nodes(op="call_function", target=torch.ops.hearth.hearth_linear.default)
    formats = [node.args[4] for node in layers]
    # The router of each layer; query, key and value, and the output; the head.
    assert (formats.count("f32"), formats.count("q4")) == (4, 9)
    assert "aten::_grouped_mm" not in calls(method.program)
