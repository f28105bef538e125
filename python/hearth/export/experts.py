"""Mixtures of experts: each token's rows go to the matrices of the experts that were chosen for it.

transformers lets the experts of all its mixtures be replaced (`ExpertsInterface`); what chooses them and what comes
between their two layers stays the model's own.
"""

import torch
from torch import Tensor

from hearth import ops  # noqa: F401  (registers torch.ops.hearth)
from hearth.export.adapt.fuse_ops import WEIGHT_FORMATS

EXPERTS = "hearth"
"""The name of `hearth::hearth_moe` among transformers' implementations of experts."""


def register_experts() -> None:
    """Makes `hearth::hearth_moe` known to transformers."""
    from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

    ALL_EXPERTS_FUNCTIONS.register(EXPERTS, _mix)


def _mix(experts, hidden_states: Tensor, top_k_index: Tensor, top_k_weights: Tensor) -> Tensor:
    """transformers' experts function: hidden_states [T, D], of each token the numbers and weights of its experts
    [T, I] -> [T, D]. `experts` is the module with the weights."""
    tokens, chosen = top_k_index.shape
    wide = _project(experts, "gate_up_proj" if experts.has_gate else "up_proj", hidden_states, top_k_index).flatten(
        0, 1
    )
    wide = experts._apply_gate(wide) if experts.has_gate else experts.act_fn(wide)
    narrow = _project(experts, "down_proj", wide.view(tokens, chosen, -1), top_k_index)
    return (narrow * top_k_weights.unsqueeze(-1)).sum(1).to(hidden_states.dtype)


def _project(experts, name: str, x: Tensor, chosen: Tensor) -> Tensor:
    weight = getattr(experts, name)
    if experts.is_transposed:
        weight = weight.transpose(1, 2)
    bias = getattr(experts, f"{name}_bias") if experts.has_bias else None
    return torch.ops.hearth.hearth_moe(x, chosen, weight, bias, WEIGHT_FORMATS[weight.dtype], weight.shape[1])
