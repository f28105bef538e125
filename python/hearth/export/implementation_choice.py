"""How parts of a model of transformers are computed, for a while."""

import contextlib
from collections.abc import Iterator

import torch

_FIELDS = {"attention": "_attn_implementation", "experts": "_experts_implementation"}


@contextlib.contextmanager
def implemented_as(model: torch.nn.Module, **names: str) -> Iterator[None]:
    """Makes all parts of `model` compute "attention" or "experts" in the way that transformers' AttentionInterface or
    ExpertsInterface knows by the given name (`attention="eager"`), and go back afterwards to what each used."""
    configs = {id(part.config): part.config for part in model.modules() if hasattr(part, "config")}
    wanted = {_FIELDS[part]: name for part, name in names.items()}
    before = [(config, field, getattr(config, field, None)) for config in configs.values() for field in wanted]
    try:
        for config, field, _ in before:
            setattr(config, field, wanted[field])
        yield
    finally:
        for config, field, implementation in before:
            setattr(config, field, implementation)
