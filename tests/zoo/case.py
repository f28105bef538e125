"""What the zoo holds: a small model of random weights, and inputs of several sizes for it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn


@dataclass
class Case:
    """A model to export and to compare.

    `inputs(*size)` makes its keyword arguments, other numbers at every call; `example` is the size it is traced with,
    `others` are sizes that it must take as well. `dims`: for each input, which dimension is which element of a size;
    empty where the model has one size only.
    """

    module: nn.Module
    inputs: Callable[..., dict[str, Tensor]]
    example: tuple[int, ...]
    others: list[tuple[int, ...]] = field(default_factory=list)
    dims: dict[str, dict[int, int]] = field(default_factory=dict)
    tolerance: float = 1e-4

    def dynamic_shapes(self) -> dict:
        """`dims` as torch.export takes it, for all inputs."""
        return {
            name: dict.fromkeys(self.dims.get(name, {}), torch.export.Dim.DYNAMIC) or None
            for name in self.inputs(*self.example)
        }


def pictures(module: nn.Module, edge: int, channels: int = 3, name: str = "pixel_values", resizable=()) -> Case:
    """A model of square pictures, in batches of any size; `resizable`: other edges that it takes."""

    def inputs(batch, height=edge, width=edge):
        return {name: torch.randn(batch, channels, height, width)}

    others = [(1,), (3,)]
    dims = {0: 0}
    example = (2,)
    if resizable:
        example, dims = (2, edge, edge), {0: 0, 2: 1, 3: 2}
        others = [(1, *size) for size in resizable]
    return Case(module, inputs, example, others, {name: dims})


def sentences(module: nn.Module, vocabulary: int = 99, mask: bool = True, lengths=(5, 17), example: int = 9) -> Case:
    """A model of token ids in batches and lengths of any size, with a padding mask unless `mask` is false."""

    def inputs(batch, length):
        ids = torch.randint(3, vocabulary, (batch, length))
        attended = torch.ones(batch, length, dtype=torch.int64)
        attended[-1, length - length // 3 :] = 0
        return {"input_ids": ids} | ({"attention_mask": attended} if mask else {})

    names = ["input_ids", "attention_mask"] if mask else ["input_ids"]
    return Case(
        module,
        inputs,
        (2, example),
        [(1, lengths[0]), (3, lengths[1])],
        {name: {0: 0, 1: 1} for name in names},
    )


def sounds(module: nn.Module, name: str = "input_values", length: int = 1600, others=(800, 2100)) -> Case:
    """A model of samples [batch, samples]."""

    def inputs(batch, samples):
        return {name: torch.randn(batch, samples)}

    return Case(module, inputs, (2, length), [(1, others[0]), (3, others[1])], {name: {0: 0, 1: 1}})


def fixed(case: Case) -> Case:
    """The same with no size but that of the example: the model's own code computes with its numbers."""
    return replace(case, others=[], dims={})


def lively(module: nn.Module) -> nn.Module:
    """The module with numbers where initialisation leaves zeros and ones: batch norms that move what they see, biases,
    and tables of positions."""
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm) and part.running_mean is not None:
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 1.5)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.is_floating_point() and bool((parameter == parameter.flatten()[:1]).all()):
                parameter.add_(torch.randn_like(parameter) * 0.05)
    return module.eval()
