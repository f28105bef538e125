"""Decoders of Hugging Face, exported without code of their own: greedy tokens equal transformers' eager ones."""

import itertools
import json
import sys

import pytest
import torch
import transformers
from conftest import run_exporter
from hearth.block_weights import dequantize_blocks, quantize_blocks
from programs import BUILD, hearth, native_target, run_program

SMALL = {
    "vocab_size": 256,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
SLIDING = {"sliding_window": 8}
EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
LATENT = {
    "q_lora_rank": 16,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 12,
    "num_key_value_heads": 4,
}
# What a class wants beside SMALL, or instead of it.
DECODERS = {
    "Llama": {},
    "Mistral": SLIDING,
    "Qwen2": {},
    "Qwen3": {"head_dim": 16},
    "Gemma": {"head_dim": 16, "tie_word_embeddings": True},
    "Gemma2": SLIDING | {"head_dim": 16, "query_pre_attn_scalar": 16, "attn_logit_softcapping": 2.0},
    "Gemma3": SLIDING
    | {"head_dim": 16, "query_pre_attn_scalar": 16, "layer_types": ["sliding_attention", "full_attention"] * 2},
    "Phi3": {},
    "Phi": {},
    "Olmo2": {},
    "SmolLM3": {},
    "Granite": {},
    "Cohere2": SLIDING,
    "Glm4": {"head_dim": 16},
    "Starcoder2": SLIDING,
    "StableLm": {},
    "Exaone4": SLIDING | {"head_dim": 16},
    "Mixtral": EXPERTS,
    "Qwen3Moe": {"head_dim": 16, "num_experts": 20, "num_experts_per_tok": 2, "moe_intermediate_size": 32},
    "Qwen2Moe": {
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 32,
        "shared_expert_intermediate_size": 32,
    },
    "Olmoe": {"num_experts": 4, "num_experts_per_tok": 2},
    "DeepseekV3": LATENT
    | {
        "n_routed_experts": 8,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 32,
        "n_group": 2,
        "topk_group": 1,
        "first_k_dense_replace": 1,
    },
    "GptOss": SLIDING | EXPERTS | {"head_dim": 16},
    "GPT2": {"n_embd": 64, "n_layer": 4, "n_head": 4, "n_positions": 512},
    "GPTNeoX": {},
    "OPT": {"ffn_dim": 128, "word_embed_proj_dim": 64},
    "Cohere": {},
    "Nemotron": {},
    "Olmo3": SLIDING,
    "GPTBigCode": {"n_embd": 64, "n_layer": 4, "n_head": 4, "n_positions": 512},
    "Phimoe": SLIDING | EXPERTS,
    "DeepseekV2": LATENT | {"n_routed_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 32},
    "Llama4": EXPERTS | {"head_dim": 16, "intermediate_size_mlp": 128, "no_rope_layers": [1, 1, 1, 0]},
    "Gemma4": SLIDING
    | {
        "head_dim": 16,
        "global_head_dim": 32,
        "layer_types": ["sliding_attention", "full_attention"] * 2,
        "num_kv_shared_layers": 2,
        "hidden_size_per_layer_input": 16,
        "vocab_size_per_layer_input": 256,
    },
    "GPTJ": {"rotary_dim": 8},
    "GPTNeo": {"num_layers": 4, "attention_types": [[["global", "local"], 2]], "window_size": 8},
    "Falcon": {},
    "Bloom": {},
    "Mpt": {"max_seq_len": 512},
}
EVERYDAY = {"Gemma2", "Gemma3", "GPT2", "GptOss", "Mixtral", "Qwen3"}
CLASSES = {
    "Gemma3": ("Gemma3TextConfig", "Gemma3ForCausalLM"),
    "Gemma4": ("Gemma4TextConfig", "Gemma4ForCausalLM"),
    "Llama4": ("Llama4TextConfig", "Llama4ForCausalLM"),
    "GPT2": ("GPT2Config", "GPT2LMHeadModel"),
}
PROMPT = 21
GENERATED = 64


def build(name: str) -> torch.nn.Module:
    """The class with random weights, large enough for the next token to depend on those before it."""
    config_name, class_name = CLASSES.get(name, (f"{name}Config", f"{name}ForCausalLM"))
    config = getattr(transformers, config_name)(**SMALL | DECODERS[name])
    torch.manual_seed(0)
    model = getattr(transformers, class_name)._from_config(config, attn_implementation="eager").eval()
    table = model.get_input_embeddings().weight
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 1 if parameter is table else 0.3)
            else:
                parameter.add_(torch.randn_like(parameter) * 0.05)
    return model


def greedy(model: torch.nn.Module, prompt: list[int], count: int) -> list[int]:
    """Without a cache: each token from the whole sequence before it."""
    tokens = list(prompt)
    for _ in range(count):
        with torch.no_grad():
            tokens.append(int(model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, -1].argmax()))
    return tokens[len(prompt) :]


def generate(file, prompt: list[int], *options: str):
    return hearth("generate", file, f"--ids={','.join(map(str, prompt))}", "--json", *options)


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    folder = tmp_path_factory.mktemp("llama")
    model = build("Llama")
    model.save_pretrained(folder / "model")
    run_exporter(str(folder / "model"), "-o", str(folder / "llama.pt2"), "--quiet", cwd=folder)
    return model, folder / "llama.pt2"


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in EVERYDAY else pytest.mark.rare) for n in DECODERS])
def test_greedy_tokens_are_those_of_transformers(name, tmp_path):
    model = build(name)
    model.save_pretrained(tmp_path / "model")
    target = native_target()
    exported = run_exporter(
        str(tmp_path / "model"), "-o", str(tmp_path / "m.pt2"), "--targets", target, "--quiet", cwd=tmp_path
    )
    assert exported.returncode == 0, exported.stderr
    prompt = torch.randint(3, 256, (PROMPT,), generator=torch.Generator().manual_seed(1)).tolist()
    done = generate(tmp_path / "m.pt2", prompt, "-n", str(GENERATED), "--ignore-end")
    assert done.returncode == 0, done.stderr
    expected = greedy(model, prompt, GENERATED)
    assert len(set(expected)) > 4
    assert json.loads(done.stdout)["tokens"] == expected


def test_greedy_tokens_of_a_gpu_are_those_of_transformers(tmp_path):
    model = build("Gemma3")
    model.save_pretrained(tmp_path / "model")
    options = ("--targets", "cuda", "--dtype", "f32", "--quiet")
    exported = run_exporter(str(tmp_path / "model"), "-o", str(tmp_path / "m.pt2"), *options, cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    driver = BUILD / "release" / "tests" / "emulated_cuda" / "driver" / "libcuda_emulated.so"
    prompt = torch.randint(3, 256, (PROMPT,), generator=torch.Generator().manual_seed(1)).tolist()
    generated = ("generate", tmp_path / "m.pt2", f"--ids={','.join(map(str, prompt))}", "--json", "--device", "cuda")
    session = ("--session", tmp_path / "saved")
    expected = greedy(model, prompt, 8)
    done = hearth(*generated, "-n", "8", "--ignore-end", *session, HEARTH_CUDA_DRIVER=str(driver))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tokens"] == expected


def round_weights(model: torch.nn.Module, fmt: str) -> None:
    """Gives linear layers, tables that they share and experts the numbers that the exporter rounds their weights to."""
    layers = [module for module in model.modules() if isinstance(module, torch.nn.Linear)]
    weights = {layer.weight.data_ptr(): layer.weight for layer in layers if layer.weight.shape[0] >= 16}
    experts = [
        module for module in model.modules() if hasattr(module, "gate_up_proj") and hasattr(module, "num_experts")
    ]
    with torch.no_grad():
        matrices = [
            matrix.T if module.is_transposed else matrix
            for module in experts
            for weight in (module.gate_up_proj, module.down_proj)
            for matrix in weight
        ]
        for weight in [*weights.values(), *matrices]:
            weight.copy_(dequantize_blocks(quantize_blocks(weight, fmt), fmt, *weight.shape))


QUANTIZED = [("Gemma3", "q4"), ("Qwen3", "q4-asym"), ("Mixtral", "q4")]
QUANTIZED_RARELY = [
    *itertools.product(("Llama", "OPT", "GptOss", "GPTNeoX"), ("i8", "q4", "q4-asym")),
    *itertools.product(("Mixtral", "Qwen2Moe", "Qwen3Moe", "Olmoe"), ("i8", "q4-asym")),
]


@pytest.mark.parametrize(
    "name, quant", QUANTIZED + [pytest.param(*case, marks=pytest.mark.rare) for case in QUANTIZED_RARELY]
)
def test_a_narrow_checkpoint_with_rounded_weights_answers_as_those_numbers_do(name, quant, tmp_path):
    build(name).to(torch.bfloat16).save_pretrained(tmp_path / "model")
    target = native_target()
    options = ("--quant", quant, "--targets", target, "--quiet")
    exported = run_exporter(str(tmp_path / "model"), "-o", str(tmp_path / "m.pt2"), *options, cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    model = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path / "model", dtype=torch.float32, attn_implementation="eager"
    ).eval()
    round_weights(model, "q8" if quant == "i8" else quant)
    prompt = torch.randint(3, 256, (PROMPT,), generator=torch.Generator().manual_seed(1)).tolist()
    done = generate(tmp_path / "m.pt2", prompt, "-n", str(GENERATED), "--ignore-end")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tokens"] == greedy(model, prompt, GENERATED)
    assert hearth("verify", tmp_path / "m.pt2").returncode == 0


def test_a_generation_says_why_it_is_over(llama):
    model, file = llama
    prompt = [5, 6, 7]
    answer = json.loads(generate(file, prompt, "-n", "3", "--ignore-end").stdout)
    assert (len(answer["tokens"]), answer["finish"], answer["prompt_tokens"]) == (3, "length", 3)
    long = torch.randint(3, 256, (509,), generator=torch.Generator().manual_seed(1)).tolist()
    answer = json.loads(generate(file, long, "-n", "30", "--ignore-end").stdout)
    assert (answer["tokens"], answer["finish"]) == (greedy(model, long, 4), "context")


def test_a_file_is_verified_and_measured_with_its_own_example(llama):
    for command in (("verify",), ("bench", "-r", "3"), ("bench", "-r", "3", "--sequences", "5")):
        done = hearth(command[0], llama[1], *command[1:])
        assert done.returncode == 0, done.stderr


def test_a_seed_repeats_what_was_drawn(llama):
    def tokens(*options: str) -> list[int]:
        done = generate(llama[1], [5, 6, 7], "-n", "20", "--ignore-end", *options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["tokens"]

    greedy_tokens = tokens()
    drawn = tokens("--temp", "2", "--seed", "1")
    assert drawn == tokens("--temp", "2", "--seed", "1")
    assert drawn != tokens("--temp", "2", "--seed", "2")
    assert tokens("--temp", "2", "--top-k", "1") == greedy_tokens
    assert greedy_tokens[0] not in tokens("--logit-bias", f"{greedy_tokens[0]}=-inf")
    for option, message in (("--temp=-1", "temperature is -1"), ("--logit-bias=x", "not TOKEN=NUMBER")):
        refused = generate(llama[1], [5], option)
        assert refused.returncode == 2
        assert message in refused.stderr


LIBRARY = BUILD / "release" / "src" / "library" / "libhearth.so"
# Through the C face, in a process without PyTorch, whose symbols a model would find otherwise.
C_FACE = """
import ctypes, sys
import numpy as np
lib, error = ctypes.CDLL(sys.argv[1]), ctypes.create_string_buffer(1024)
lib.hearth_session_length.restype = ctypes.c_int64

def call(function, *arguments):
    if function(*arguments, error) != 0:
        raise SystemExit(error.raw[4:].split(b"\\0")[0].decode())

def made(function, *arguments):
    handle = ctypes.c_void_p()
    call(function, *arguments, ctypes.byref(handle))
    return handle

def append(session, tokens):
    lists = [np.array(numbers) for numbers in (tokens, range(length(session), length(session) + len(tokens)), [0])]
    sizes = [(ctypes.c_int64 * 1)(len(numbers)) for numbers in lists]
    places = [numbers.ctypes.data_as(ctypes.c_void_p) for numbers in lists]
    one, three = ctypes.c_size_t(1), ctypes.c_size_t(3)
    tensors = [made(lib.hearth_tensor_borrow, 4, sizes[i], one, places[i]) for i in range(3)]
    inputs, outputs = (ctypes.c_void_p * 3)(*(tensor.value for tensor in tensors)), (ctypes.c_void_p * 1)()
    call(lib.hearth_session_run, session, b"decode", None, inputs, three, outputs, one)

def length(session):
    return lib.hearth_session_length(session)

model = made(lib.hearth_model_open, sys.argv[2].encode(), None)
session = made(lib.hearth_session_create, model)
"""
FORKS = """
append(session, [5, 6, 7])
fork = made(lib.hearth_session_fork, session)
append(fork, [8])
call(lib.hearth_session_rewind, session, ctypes.c_int64(1))
print(length(session), length(fork))
call(lib.hearth_session_rewind, session, ctypes.c_int64(2))
"""


def test_the_c_face_forks_and_goes_back(llama):
    done = run_program(sys.executable, "-c", C_FACE + FORKS, LIBRARY, llama[1])
    assert done.stdout == "1 4\n"
    assert "the sequence has 1 tokens; it cannot be taken back to 2" in done.stderr


@pytest.mark.parametrize("build_kind", ["release", "tsan"])
def test_sequences_of_a_scheduler_answer_as_alone(build_kind, llama):
    stress = BUILD / build_kind / "tests" / "stress" / "scheduler_stress"
    if not stress.exists():
        pytest.skip(f"{stress} is not built")
    done = run_program(stress, "5", "1", llama[1])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("prompt", "message"),
    [([256], "256 is not a token"), ([-1], "-1 is not a token"), ([5] * 512, "512 tokens, and the model's context")],
)
def test_a_prompt_that_does_not_fit_is_refused(prompt, message, llama):
    refused = generate(llama[1], prompt)
    assert refused.returncode == 2
    assert message in refused.stderr


def test_a_state_that_is_not_keys_and_values_is_an_error_at_export(tmp_path):
    config = transformers.MambaConfig(vocab_size=64, hidden_size=32, num_hidden_layers=1)
    transformers.MambaForCausalLM(config).save_pretrained(tmp_path / "model")
    refused = run_exporter(str(tmp_path / "model"), "-o", str(tmp_path / "m.pt2"), "--quiet", cwd=tmp_path)
    assert refused.returncode != 0
    assert "MambaForCausalLM has layers of kind linear_attention" in refused.stderr
