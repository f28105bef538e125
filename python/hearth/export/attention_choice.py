"""How the attention of a model of transformers is computed, for a while."""

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def attention_as(model: torch.nn.Module, name: str) -> Iterator[None]:
    """Makes all parts of `model` use the attention that transformers' AttentionInterface knows as `name`, and go back
    afterwards to what each used."""
    configs = {id(part.config): part.config for part in model.modules() if hasattr(part, "config")}
    before = [(config, getattr(config, "_attn_implementation", None)) for config in configs.values()]
    try:
        for config, _ in before:
            config._attn_implementation = name
        yield
    finally:
        for config, implementation in before:
            config._attn_implementation = implementation
