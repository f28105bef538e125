"""Attention that a model computes by itself, found in its graph: softmax(query · key, scaled and masked) · value.

What lies between the product and the softmax is not read but tried: it must be a scale, and an addend that hides tokens
ahead or outside of a window and else grows in proportion to the distance (ALiBi), or not at all.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.fx import Node

from hearth.export.adapt.editor import ProgramEditor, arguments, shape_of
from hearth.export.errors import ExportError
from hearth.export.static_nodes import StaticNodes

_aten = torch.ops.aten
_PRODUCTS = (_aten.matmul.default, _aten.bmm.default)
# What may come between the softmax and the product with the values.
_SAME = (
    _aten.clone.default,
    _aten.view.default,
    _aten._unsafe_view.default,
    _aten.reshape.default,
    _aten.expand.default,
    _aten._to_copy.default,
    _aten.dropout.default,
)
# Scores this much below a token's own are hidden: old models add -10000 rather than -inf.
_HIDDEN = -9000.0
_TOKENS_TRIED = 40
# Numbers of the scores that the window is looked for in.
_MOST_SCORES = 1 << 26
# Digits of positions are below: exact in bfloat16.
_DIGIT = 256
_DEPTH_MULTIPLE = 8


@dataclass
class _Attention:
    """One layer's attention in the graph: `product` of query and key, `mixed` of softmax and value."""

    product: Node
    softmax: Node
    mixed: Node


@dataclass
class _Form:
    """What is done to the products. `slopes` [H]: of ALiBi, or None."""

    scale: float
    window: int
    slopes: Tensor | None


def take_own_attention(program: ExportedProgram, most_tokens: int) -> ExportedProgram:
    """Replaces it by hearth_attention, numbering layers as they come. `program`: of a Decoder; `most_tokens` of a
    sequence. ExportError for one that hearth_attention cannot compute."""
    static = StaticNodes(program)
    found = [match for node in program.graph.nodes if (match := _match(node, static)) is not None]
    editor = ProgramEditor(program, {})
    positions = next(n for n in editor.graph.nodes if n.name == program.graph_signature.user_inputs[1])
    known: dict[tuple, _Form] = {}
    for layer, attention in enumerate(found):
        key = _recipe(attention, static)
        if key not in known:
            known[key] = _form(attention, static, most_tokens, layer)
        _replace(editor, attention, known[key], layer, positions)
    return editor.finish()


def _match(node: Node, static: StaticNodes) -> _Attention | None:
    if node.target is not _aten.softmax.int or static.is_static(node) or not static.is_square(node):
        return None
    product = node
    while product.target not in (*_PRODUCTS, _aten.baddbmm.default):
        moving = [n for n in product.all_input_nodes if not static.is_static(n)]
        if len(moving) != 1 or moving[0].op != "call_function":
            return None
        product = moving[0]
    mixed = node
    while mixed.target not in _PRODUCTS:
        users = [n for n in mixed.users if n.target is not _aten._assert_tensor_metadata.default]
        if len(users) != 1 or users[0].target not in (*_SAME, *_PRODUCTS) or users[0].args[0] is not mixed:
            return None
        mixed = users[0]
    return _Attention(product, node, mixed)


def _between(attention: _Attention, static: StaticNodes) -> list[Node]:
    """The calls from the product to what the softmax takes."""
    chain, node = [], attention.softmax.args[0]
    while node is not attention.product:
        chain.append(node)
        node = next(n for n in node.all_input_nodes if not static.is_static(n))
    return chain[::-1]


def _recipe(attention: _Attention, static: StaticNodes) -> tuple:
    """Equal for layers that do the same to their products."""

    def described(node: Node) -> tuple:
        operands = torch.fx.node.map_arg((node.args, node.kwargs), lambda n: n.name if static.is_static(n) else "·")
        return node.target, repr(operands)

    return tuple(described(node) for node in (attention.product, *_between(attention, static)))


def _form(attention: _Attention, static: StaticNodes, most_tokens: int, layer: int) -> _Form:
    """Tries what happens to products: that of zeros is the addend, and others tell the scale."""
    heads = math.prod(int(size) for size in shape_of(attention.product)[:-2])
    tokens = min(_TOKENS_TRIED, most_tokens)
    addend = _scores(attention, static, tokens, torch.zeros(()))
    products = torch.randn(heads, tokens, tokens, generator=torch.Generator().manual_seed(0))
    scores = _scores(attention, static, tokens, products)
    seen = addend - addend.diagonal(dim1=-2, dim2=-1).unsqueeze(-1) > _HIDDEN
    scaled, seen_products = (scores - addend)[seen], products[seen]
    scale = float((scaled * seen_products).sum() / seen_products.square().sum())
    if not torch.allclose(scaled, scale * seen_products, rtol=1e-3, atol=1e-3 * abs(scale)):
        raise ExportError(f"layer {layer} attends by scores that are no multiples of query · key")
    tokens = min(most_tokens, math.isqrt(_MOST_SCORES // heads))
    window, slopes = _window_and_slopes(_scores(attention, static, tokens, torch.zeros(())), layer)
    return _Form(scale, window, slopes)


def _scores(attention: _Attention, static: StaticNodes, tokens: int, products: Tensor) -> Tensor:
    """What the softmax takes [H, T, T] for such products of query and key."""
    product = attention.product
    shape = [size if isinstance(size, int) else tokens for size in shape_of(product)]
    scores = products.expand(math.prod(shape[:-2]), tokens, tokens).reshape(shape)
    values = static.values(tokens)
    if product.target is _aten.baddbmm.default:
        call = arguments(product)
        scores = call["beta"] * values(call["self"]) + call["alpha"] * scores
    own = {product: scores}
    for node in _between(attention, static):
        args, kwargs = torch.fx.node.map_arg((node.args, node.kwargs), lambda n: own[n] if n in own else values(n))
        own[node] = node.target(*args, **kwargs)
    return own[attention.softmax.args[0]].reshape(-1, tokens, tokens).float()


def _window_and_slopes(addend: Tensor, layer: int) -> tuple[int, Tensor | None]:
    """`addend` [H, T, T]: what is added to the scores."""
    tokens = addend.shape[-1]
    relative = addend - addend.diagonal(dim1=-2, dim2=-1).unsqueeze(-1)
    seen = relative[0] > _HIDDEN
    places = torch.arange(tokens)
    distance = places.unsqueeze(1) - places
    window = int(seen[-1].sum())
    if seen[distance < 0].any():
        raise ExportError(f"layer {layer}: tokens see those ahead of them; is the model configured as a decoder?")
    if not torch.equal(seen, (distance >= 0) & (distance < window)):
        raise ExportError(f"layer {layer}: its mask hides tokens in another way than a window does")
    window = 0 if window == tokens else window
    near = relative[:, 1:].diagonal(dim1=-2, dim2=-1)
    slopes = -near.mean(-1) if tokens > 1 else torch.zeros(len(addend))
    expected = -slopes.view(-1, 1, 1) * distance
    if not torch.allclose(relative.where(seen, 0), expected.where(seen, 0), rtol=1e-3, atol=1e-3):
        raise ExportError(f"layer {layer}: its position bias is no multiple of the distance (ALiBi)")
    return window, slopes if slopes.abs().max() > 1e-6 else None


def _replace(editor: ProgramEditor, attention: _Attention, form: _Form, layer: int, positions: Node) -> None:
    """Puts hearth_attention in the place of `mixed`."""
    end = attention.mixed
    pair = attention.product.args[-2:]

    def call(target, *args) -> Node:
        return editor.insert(end, target, args)

    def rows(node: Node, turned: bool) -> Node:
        """[…, H, T, E], or turned [.., H, E, T] -> [T, H, E]."""
        if turned:
            node = call(_aten.transpose.int, node, -1, -2)
        lead = math.prod(int(size) for size in shape_of(node)[:-2])
        return call(_aten.transpose.int, call(_aten.reshape.default, node, [lead, -1, int(shape_of(node)[-1])]), 0, 1)

    query, key, value = rows(pair[0], False), rows(pair[1], True), rows(end.args[1], False)
    scale, depth = form.scale, int(shape_of(value)[-1])
    if form.slopes is not None:
        query, key = _with_distance(editor, call, query, key, form, positions)
        scale = 1.0
    most = max(int(shape_of(query)[-1]), depth)
    query, key, value = (_widened(call, node, most) for node in (query, key, value))
    if shape_of(key)[1] != shape_of(value)[1]:
        raise ExportError(f"layer {layer} has {shape_of(key)[1]} heads of keys and {shape_of(value)[1]} of values")
    answer = call(torch.ops.hearth.hearth_attention.default, query, key, value, None, layer, scale, form.window, 0.0)
    answer = call(_aten.transpose.int, call(_aten.slice.Tensor, answer, -1, 0, depth), 0, 1)
    editor.replace(end, _aten.reshape.default, (answer, [*map(int, shape_of(end)[:-2]), -1, depth]))


def _widened(call, node: Node, depth: int) -> Node:
    missing = depth - int(shape_of(node)[-1])
    return call(_aten.constant_pad_nd.default, node, [0, missing]) if missing else node


def _with_distance(editor: ProgramEditor, call, query: Node, key: Node, form: _Form, positions: Node) -> list[Node]:
    """ALiBi as products: keys also hold digits of their position, queries the heads' slopes times what a digit is
    worth. A softmax does not see that the query's own position is left out. The query becomes scaled."""
    dtype = query.meta["val"].dtype
    digits = [
        call(_aten.bitwise_and.Scalar, positions, _DIGIT - 1),
        call(_aten.bitwise_right_shift.Tensor_Scalar, positions, _DIGIT.bit_length() - 1),
    ]
    places = call(_aten.reshape.default, call(_aten.stack.default, digits, -1), [-1, 1, 2])
    like_key = call(_aten.ones_like.default, call(_aten.slice.Tensor, key, -1, 0, 2))
    places = call(_aten.mul.Tensor, like_key, call(_aten._to_copy.default, places))
    worth = (form.slopes.view(1, -1, 1) * torch.tensor([1.0, _DIGIT])).to(dtype)
    slopes = editor.derive(("slopes", str(form.slopes.tolist())), [], "slopes", lambda: worth)
    like_query = call(_aten.ones_like.default, call(_aten.slice.Tensor, query, -1, 0, 2))
    scaled = call(_aten.mul.Scalar, query, form.scale)
    wide = [
        call(_aten.cat.default, [scaled, call(_aten.mul.Tensor, like_query, slopes)], -1),
        call(_aten.cat.default, [key, places], -1),
    ]
    depth = int(shape_of(wide[0])[-1])
    return [_widened(call, node, -(-depth // _DEPTH_MULTIPLE) * _DEPTH_MULTIPLE) for node in wide]
