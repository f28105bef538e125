"""Attention of exported graphs as the runtime's own operator, for GPUs."""

import math
import operator

import torch
from torch.fx import Graph, Node
from torch.fx.experimental.symbolic_shapes import statically_known_true

_attention = torch.ops.aten.scaled_dot_product_attention.default
_aten = torch.ops.aten
_flash_attention = _aten._scaled_dot_product_flash_attention_for_cpu.default


def use_own_attention(graph: Graph) -> None:
    """Makes attention the operator that it is on the CPU, which the runtime has for GPUs too. What that doesn't serve
    Inductor takes apart into two products and a softmax, with all scores in memory. Either way the answer keeps the
    order in memory that the CPU's had: the graph was traced with that, and has views of it."""
    for node in graph.find_nodes(op="call_function", target=_attention):
        with graph.inserting_before(node):
            if _is_served(node):
                answer = _own(graph, node)
            else:
                answer = _laid_out(graph, graph.node_copy(node), _memory_order(node.meta["val"]))
        node.replace_all_uses_with(answer)
        graph.erase_node(node)


def _memory_order(answer: torch.Tensor) -> tuple[int, ...]:
    """The dimensions of a dense tensor, outermost first, as the example's sizes tell."""
    strides = [stride if isinstance(stride, int) else stride.node.hint for stride in answer.stride()]
    if None in strides:
        return tuple(range(answer.dim()))
    return tuple(sorted(range(answer.dim()), key=lambda dimension: -strides[dimension]))


def _laid_out(graph: Graph, answer: Node, order: tuple[int, ...]) -> Node:
    """`answer`, or a copy of it, so that its memory has this order."""
    if order == tuple(range(len(order))):
        return answer
    permuted = graph.call_function(_aten.permute.default, (answer, list(order)))
    copied = graph.call_function(_aten.clone.default, (permuted,), {"memory_format": torch.contiguous_format})
    back = [order.index(dimension) for dimension in range(len(order))]
    return graph.call_function(_aten.permute.default, (copied, back))


def _arguments(node: Node) -> dict:
    names = [argument.name for argument in _attention._schema.arguments]
    return dict(zip(names, node.args, strict=False)) | dict(node.kwargs)


def _is_served(node: Node) -> bool:
    given = _arguments(node)
    query, key, value = (given[name].meta["val"] for name in ("query", "key", "value"))
    return (
        not given.get("dropout_p", 0.0)
        and query.dim() == key.dim() == value.dim() == 4
        and query.dtype in (torch.float32, torch.bfloat16, torch.float16)
        and statically_known_true(query.shape[0] == key.shape[0])
        and statically_known_true(query.shape[3] == value.shape[3])
        and (query.shape[1] == key.shape[1] or bool(given.get("enable_gqa")))
    )


# What only says another way where a tensor's elements are.
_SAME_ELEMENTS = {_aten.expand, _aten.unsqueeze, _aten.view, _aten.reshape, _aten.clone, _aten.contiguous}


def _hides_nothing(mask: Node | None) -> bool:
    """Whether a mask is none. transformers says of encoders that may see everything "position >= 0"."""
    if mask is None:
        return True
    mask = _source(mask)
    return mask.target is _aten.ge.Scalar and mask.args[1] == 0 and _is_never_negative(mask.args[0])


def _is_never_negative(node: Node) -> bool:
    node = _source(node)
    if node.target is _aten.add.Tensor and node.args[1] == 0:
        return _is_never_negative(node.args[0])
    return node.target is _aten.arange.default


def _source(node: Node) -> Node:
    while getattr(node.target, "overloadpacket", None) in _SAME_ELEMENTS:
        node = node.args[0]
    return node


def _own(graph: Graph, node: Node) -> Node:
    given = _arguments(node)
    operands = [given[name] for name in ("query", "key", "value")]
    mask = _added_mask(graph, given.get("attn_mask"), given["query"].meta["val"].dtype)
    both = graph.call_function(
        _flash_attention,
        (*operands, 0.0, bool(given.get("is_causal", False))),
        {"attn_mask": mask, "scale": given.get("scale")},
    )
    return graph.call_function(operator.getitem, (both, 0))


def _added_mask(graph: Graph, mask: Node | None, dtype: torch.dtype) -> Node | None:
    """A mask as what is added to the scores, in the queries' dtype; None where it hides nothing."""
    if _hides_nothing(mask):
        return None
    given = mask.meta["val"].dtype
    if given == dtype:
        return mask
    if given != torch.bool:
        return graph.call_function(_aten.to.dtype, (mask, dtype))
    seen, hidden = (
        graph.call_function(_aten.scalar_tensor.default, (value,), {"dtype": dtype}) for value in (0.0, -math.inf)
    )
    return graph.call_function(_aten.where.self, (mask, seen, hidden))
