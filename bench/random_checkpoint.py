"""A Hugging Face folder with random weights in the shapes of a published model, made tensor by tensor.

usage: python bench/random_checkpoint.py gemma3-4b FOLDER [--layers N]
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

# Shapes of the published configurations (config.json of the models' pages on the Hugging Face hub).
SHAPES = {
    "gemma3-4b": (
        "Gemma3ForCausalLM",
        "Gemma3TextConfig",
        {
            "vocab_size": 262208,
            "hidden_size": 2560,
            "intermediate_size": 10240,
            "num_hidden_layers": 34,
            "num_attention_heads": 8,
            "num_key_value_heads": 4,
            "head_dim": 256,
            "query_pre_attn_scalar": 256,
            "sliding_window": 1024,
            "max_position_embeddings": 131072,
            "tie_word_embeddings": True,
        },
    )
}
# Tensors are gathered into files of about this many bytes.
SHARD = 1 << 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shapes", choices=list(SHAPES))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, help="fewer than the model has")
    options = parser.parse_args()
    class_name, config_name, values = SHAPES[options.shapes]
    values = values | ({"num_hidden_layers": options.layers} if options.layers else {})
    write(options.folder, class_name, config_name, values)


def write(folder: Path, class_name: str, config_name: str, values: dict) -> None:
    """Normal bfloat16 weights that keep activations near 1; norms as the model's own constructor makes them."""
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    config = getattr(transformers, config_name)(**values, dtype="bfloat16", architectures=[class_name])
    config.save_pretrained(folder)
    with torch.device("meta"):
        model = getattr(transformers, class_name)(config)
    torch.manual_seed(0)
    shard, size, places = {}, 0, {}
    count = 0

    def flush() -> None:
        nonlocal shard, size, count
        count += 1
        name = f"model-{count:05}.safetensors"
        save_file(shard, folder / name, metadata={"format": "pt"})
        places.update(dict.fromkeys(shard, name))
        shard, size = {}, 0

    tied = set(model._tied_weights_keys or {})
    for name, parameter in model.named_parameters():
        if name in tied:
            continue
        matrix = parameter.dim() > 1
        value = torch.empty(parameter.shape, dtype=torch.bfloat16)
        value = value.normal_(0, parameter.shape[-1] ** -0.5) if matrix else value.zero_()
        shard[name] = value
        size += value.nbytes
        if size >= SHARD:
            flush()
    flush()
    index = {"metadata": {}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


if __name__ == "__main__":
    main()
