"""Decoders' graphs: the runtime keeps what a model keeps of a sequence, however the model attends and counts."""

import pytest
import torch
import transformers
from hearth.export.errors import ExportError
from hearth.export.language_model import Decoder, decode_method
from hearth.export.sequence_parts import program_in_parts
from hearth.export.trace import trace

ATTENTION = torch.ops.hearth.hearth_attention.default
CONTEXT = 64
SMALL = {
    "vocab_size": 99,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": CONTEXT,
    "pad_token_id": 0,
    "tie_word_embeddings": False,
}
GPT = {"vocab_size": 99, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": CONTEXT}
DECODER = {
    "vocab_size": 99,
    "d_model": 32,
    "decoder_layers": 2,
    "decoder_attention_heads": 4,
    "decoder_ffn_dim": 48,
    "max_position_embeddings": CONTEXT,
}
MODELS = {
    "values narrower than keys": (
        "DeepseekV2ForCausalLM",
        SMALL
        | {"q_lora_rank": 16, "kv_lora_rank": 16, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 12}
        | {"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16, "num_key_value_heads": 4},
    ),
    "a window that only the mask tells of": (
        "PhimoeForCausalLM",
        SMALL | {"sliding_window": 6, "num_local_experts": 4},
    ),
    "layers that attend twice": ("DiffLlamaForCausalLM", SMALL),
    "attention of its own": ("GPTJForCausalLM", GPT | {"rotary_dim": 4}),
    "a window of its own": (
        "GPTNeoForCausalLM",
        SMALL | {"num_layers": 2, "attention_types": [[["global", "local"], 1]], "window_size": 6},
    ),
    "ALiBi": ("BloomForCausalLM", {"vocab_size": 99, "hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "ALiBi from a table as long as the context": (
        "MptForCausalLM",
        {"vocab_size": 99, "d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": CONTEXT},
    ),
    "positions that it counts": ("BartForCausalLM", DECODER | {"is_decoder": True}),
    "positions from another first number": ("RobertaForCausalLM", SMALL | {"is_decoder": True, "type_vocab_size": 1}),
}


def build(class_name: str, settings: dict) -> torch.nn.Module:
    model_class = getattr(transformers, class_name)
    torch.manual_seed(0)
    model = model_class._from_config(model_class.config_class(**settings), attn_implementation="eager").eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.3)
    return model


@pytest.mark.parametrize("what", MODELS)
def test_a_sequence_in_parts_gets_the_answers_of_the_whole(what):
    model = build(*MODELS[what])
    method = trace("decode", decode_method(Decoder(model, CONTEXT)), {})
    tokens = torch.randint(1, 99, (31,), generator=torch.Generator().manual_seed(1))
    run = program_in_parts(method.program)
    with torch.no_grad():
        expected = model(input_ids=tokens.unsqueeze(0), use_cache=False).logits[0]
        parts = [
            run(part, torch.arange(31)[start : start + len(part)], torch.arange(len(part)))
            for start, part in ((0, tokens[:9]), (9, tokens[9:10]), (10, tokens[10:]))
        ]
    torch.testing.assert_close(torch.cat(parts), expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def test_a_window_of_its_own_becomes_the_operators():
    program = trace("decode", decode_method(Decoder(build(*MODELS["a window of its own"]), CONTEXT)), {}).program
    layers = program.graph.find_nodes(op="call_function", target=ATTENTION)
    assert sorted(node.args[6] for node in layers) == [0, 6]


def test_weights_that_passes_make_do_not_meet():
    """ALiBi's slopes and rounded weights are both new inputs of the graph."""
    method = trace("decode", decode_method(Decoder(build(*MODELS["ALiBi"]), CONTEXT)), {}, quant="q4")
    names = [node.target for node in method.program.graph.find_nodes(op="placeholder")]
    assert len(set(names)) == len(names)
    assert method.accuracy.error < 0.5


def test_layers_that_turn_their_weights_are_rounded():
    """Falcon multiplies by weight.T."""
    decoder = Decoder(build("FalconForCausalLM", SMALL | {"num_attention_heads": 2, "alibi": False}), CONTEXT)
    program = trace("decode", decode_method(decoder), {}, quant="q4").program
    layers = program.graph.find_nodes(op="call_function", target=torch.ops.hearth.hearth_linear.default)
    # Of each layer query, key and value with up, which have one input, the output and down; and the head.
    assert [node.args[4] for node in layers] == ["q4"] * 7


STATE = {
    "MambaForCausalLM": ({"num_hidden_layers": 1, "hidden_size": 32}, "linear_attention"),
    "Lfm2ForCausalLM": (SMALL | {"layer_types": ["conv", "full_attention"]}, "layers of kind conv"),
    "RwkvForCausalLM": ({"num_hidden_layers": 2, "hidden_size": 32, "attention_hidden_size": 32}, "with a state"),
}


def test_what_sees_ahead_is_refused():
    decoder = Decoder(build("RoFormerForCausalLM", SMALL | {"is_decoder": False, "type_vocab_size": 1}), CONTEXT)
    with pytest.raises(ExportError, match="layer 0: tokens see those ahead of them"):
        trace("decode", decode_method(decoder), {})


@pytest.mark.parametrize("class_name", STATE)
def test_a_model_with_another_state_is_refused(class_name):
    settings, message = STATE[class_name]
    with pytest.raises(ExportError, match=f"{class_name} has .*{message}.*not served"):
        Decoder(build(class_name, {"vocab_size": 99} | settings), CONTEXT)


def test_a_mask_that_depends_on_what_is_attended_to_is_refused():
    decoder = Decoder(build("DogeForCausalLM", SMALL), CONTEXT)
    with pytest.raises(ExportError, match="its attention cannot be replaced: it computes with its masks"):
        trace("decode", decode_method(decoder), {})


def test_rounding_of_many_bfloat16_layers_is_no_other_answer():
    model = build("Gemma3ForCausalLM", SMALL | {"num_hidden_layers": 34, "head_dim": 8, "sliding_window": 16})
    program = object()
    assert Decoder(model.bfloat16(), CONTEXT).finish(program) is program
