"""Small versions of the models that GPUs are judged by, beside Whisper's encoder (audio.py)."""

import transformers as hf
from case import Case, lively, pictures, sentences


def resnet_bottlenecks() -> Case:
    config = hf.ResNetConfig(
        embedding_size=8, hidden_sizes=[16, 32], depths=[1, 2], layer_type="bottleneck", num_labels=5
    )
    return pictures(lively(hf.ResNetForImageClassification(config)), 32)


def gemma3() -> Case:
    """RMS norms, rotary positions, grouped attention with and without a window, gated layers."""
    config = hf.Gemma3TextConfig(
        vocab_size=99,
        hidden_size=32,
        num_hidden_layers=2,
        layer_types=["sliding_attention", "full_attention"],
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        intermediate_size=64,
        max_position_embeddings=64,
        sliding_window=8,
        use_cache=False,
    )
    return sentences(lively(hf.Gemma3ForCausalLM(config)), mask=False)


CASES = {function.__name__: function for function in (resnet_bottlenecks, gemma3)}
