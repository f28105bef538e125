"""Attention of exported graphs as the runtime's own operator, for GPUs."""

import math

import torch
from torch.fx import Graph, Node
from torch.fx.experimental.symbolic_shapes import statically_known_true

_attention = torch.ops.aten.scaled_dot_product_attention.default
_aten = torch.ops.aten


def use_own_attention(graph: Graph) -> None:
    """Makes attention of a sequence to itself hearth_encoder_attention, where no mask hides anything. What is left
    Inductor takes apart into two products and a softmax, with all scores in memory. Either way the answer keeps the
    order in memory that the CPU's had: the graph was traced with that, and has views of it."""
    for node in graph.find_nodes(op="call_function", target=_attention):
        with graph.inserting_before(node):
            served = _is_served(node)
            answer = _own(graph, node) if served else graph.node_copy(node)
            order = _memory_order(node.meta["val"])
            if order != ((0, 2, 1, 3) if served else (0, 1, 2, 3))[: len(order)]:
                answer = _laid_out(graph, answer, order)
        node.replace_all_uses_with(answer)
        graph.erase_node(node)


def _memory_order(answer: torch.Tensor) -> tuple[int, ...]:
    """The dimensions of a dense tensor, outermost first, as the example's sizes tell."""
    strides = [stride if isinstance(stride, int) else stride.node.hint for stride in answer.stride()]
    if None in strides:
        return tuple(range(answer.dim()))
    return tuple(sorted(range(answer.dim()), key=lambda dimension: -strides[dimension]))


def _laid_out(graph: Graph, answer: Node, order: tuple[int, ...]) -> Node:
    """`answer` copied so that its memory has this order."""
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
        _hides_nothing(given.get("attn_mask"))
        and not given.get("dropout_p", 0.0)
        and query.dim() == key.dim() == value.dim() == 4
        and query.dtype in (torch.float32, torch.bfloat16, torch.float16)
        and statically_known_true(query.shape[0] == key.shape[0])
        and statically_known_true(query.shape[2] == key.shape[2])
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
    """[B, H, T, E] becomes [B, T, H, E] and back."""
    given = _arguments(node)
    query = given["query"]
    scale = given.get("scale")
    if scale is None:
        scale = 1 / math.sqrt(query.meta["val"].shape[3])

    def call(target, *args, **kwargs) -> Node:
        return graph.call_function(target, args, kwargs)

    batch, length = (_size(graph, query, dimension) for dimension in (0, 2))
    device = query.meta["val"].device
    lengths = call(_aten.full.default, [batch], length, dtype=torch.int64, device=device, pin_memory=False)
    operands = [call(_aten.transpose.int, given[name], 1, 2) for name in ("query", "key", "value")]
    causal = bool(given.get("is_causal", False))
    answer = call(torch.ops.hearth.hearth_encoder_attention.default, *operands, lengths, scale, causal)
    return call(_aten.transpose.int, answer, 1, 2)


def _size(graph: Graph, node: Node, dimension: int) -> int | Node:
    size = node.meta["val"].shape[dimension]
    return size if isinstance(size, int) else graph.call_function(_aten.sym_size.int, (node, dimension))
