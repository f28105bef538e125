"""The operators of the Hearth runtime as PyTorch sees them: schema, shape function, reference, C declaration.

Schema and C declaration of one operator must change together, and with them `src/aoti`.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from hearth.block_weights import BLOCK_FORMATS, dequantize_blocks

ACTIVATIONS = {
    "none": lambda y: y,
    "relu": torch.relu,
    "relu6": torch.nn.functional.relu6,
    "silu": torch.nn.functional.silu,
    "gelu": torch.nn.functional.gelu,
    "gelu_tanh": lambda y: torch.nn.functional.gelu(y, approximate="tanh"),
    "hardswish": torch.nn.functional.hardswish,
}
"""What each name of the schemas' `activation` does, as in src/kernels/activation.h."""

_PANEL_ROWS = 16
_PANELS_AT_ONCE = 256

_library = torch.library.Library("hearth", "DEF")
# Inductor must hand over operands with the strides that the graph says, and keep the shape function's for the result.
_TAGS = (torch.Tag.needs_fixed_stride_order, torch.Tag.pt2_compliant_tag)

# fmt: "f32", "bf16" or "f16" for a weight [n, K], else one of BLOCK_FORMATS for a packed one.
_library.define(
    "hearth_linear(Tensor x, Tensor weight, Tensor? bias, Tensor? residual, str fmt, int n, str activation) -> Tensor",
    tags=_TAGS,
)
# Rows of a table [n, depth] in blocks.
_library.define(
    "hearth_embedding(Tensor ids, Tensor weight, str fmt, int n, int depth, ScalarType dtype) -> Tensor", tags=_TAGS
)
# A mixture's products: rows x [T, K], or [T, I, K], each times the matrices of the experts [T, I] that it goes to.
# weight [E, n, K], or as many packed ones; bias [E, n]. Returns [T, I, n].
_library.define(
    "hearth_moe(Tensor x, Tensor experts, Tensor weight, Tensor? bias, str fmt, int n) -> Tensor", tags=_TAGS
)
_library.define(
    "hearth_conv2d(Tensor x, Tensor weight, Tensor? bias, Tensor? residual, int[2] stride, int[] padding, "
    "int[2] dilation, int groups, str activation) -> Tensor",
    tags=_TAGS,
)
# A step of a sequence: query [T, H, E], key and value [T, G, E]. The runtime keeps keys and values of earlier steps, by
# layer; here the step is the whole sequence. window 0: none; soft_cap 0: none; sinks [H].
_library.define(
    "hearth_attention(Tensor query, Tensor key, Tensor value, Tensor? sinks, int layer, float scale, int window, "
    "float soft_cap) -> Tensor",
    tags=_TAGS,
)
# Texts of different lengths: query [B, T, H, E], key and value [B, T, G, E], lengths int64 [B]. A text's tokens see all
# of its tokens or, if causal, those up to themselves; rows after its length become 0.
_library.define(
    "hearth_encoder_attention(Tensor query, Tensor key, Tensor value, Tensor lengths, float scale, bool causal) "
    "-> Tensor",
    tags=_TAGS,
)
# Products of bytes: x uint8 (or, linear only, float32: quantised row by row), weight int8, scales float32 [N]: the
# weight's, times x's where x is uint8. The answer is uint8 when y_scale is given, else float32.
_FINISH = (
    "Tensor scales, Tensor? bias, Tensor? residual, float residual_scale, int residual_zero, float? y_scale, "
    "int y_zero, str activation"
)
_library.define(f"hearth_quantized_linear(Tensor x, int x_zero, Tensor weight, {_FINISH}) -> Tensor", tags=_TAGS)
_library.define(
    "hearth_quantized_conv2d(Tensor x, int x_zero, Tensor weight, int[2] stride, int[] padding, int[2] dilation, "
    f"int groups, {_FINISH}) -> Tensor",
    tags=_TAGS,
)


def _wide(*tensors: Tensor | None) -> list[Tensor | None]:
    """Operands as the kernels compute with them: bfloat16 and float16 in float32."""
    return [t if t is None or t.dtype == torch.float64 else t.float() for t in tensors]


def _finished(y: Tensor, residual: Tensor | None, activation: str) -> Tensor:
    return ACTIVATIONS[activation](y if residual is None else y + residual)


def _linear(x, weight, bias, residual, fmt, n, activation):
    x_wide, weight_wide, bias_wide = _wide(x, None if fmt in BLOCK_FORMATS else weight, bias)
    if weight_wide is None:
        y = _block_products(x_wide, weight, fmt)[..., :n]
        y = y if bias is None else y + bias_wide
    else:
        y = torch.nn.functional.linear(x_wide, weight_wide, bias_wide)
    # Fresh row-major storage, as the runtime returns it.
    return _finished(y, residual, activation).to(x.dtype).clone(memory_format=torch.contiguous_format)


def _block_products(x: Tensor, weight: Tensor, fmt: str) -> Tensor:
    """Part by part: a whole weight's numbers would take many times its memory."""
    parts = weight.split(_PANELS_AT_ONCE)
    numbers = (dequantize_blocks(part, fmt, part.shape[0] * _PANEL_ROWS, x.shape[-1]) for part in parts)
    return torch.cat([torch.nn.functional.linear(x, matrix) for matrix in numbers], -1)


def _linear_shape(x, weight, bias, residual, fmt, n, activation):
    return x.new_empty((*x.shape[:-1], n))


def _moe(x, experts, weight, bias, fmt, n):
    if x.dim() == 2:
        x = x.unsqueeze(1).expand(*experts.shape, x.shape[-1])
    y = x.new_empty((*experts.shape, n))
    for expert in experts.unique().tolist():
        rows = experts == expert
        y[rows] = _linear(x[rows], weight[expert], None if bias is None else bias[expert], None, fmt, n, "none")
    return y


def _moe_shape(x, experts, weight, bias, fmt, n):
    return x.new_empty((*experts.shape, n))


def _embedding(ids, weight, fmt, n, depth, dtype):
    panels = weight[ids.flatten() // _PANEL_ROWS]
    rows = dequantize_blocks(panels, fmt, panels.shape[0] * _PANEL_ROWS, depth).view(-1, _PANEL_ROWS, depth)
    chosen = rows[torch.arange(panels.shape[0]), ids.flatten() % _PANEL_ROWS]
    return chosen.view(*ids.shape, depth).to(dtype)


def _embedding_shape(ids, weight, fmt, n, depth, dtype):
    return ids.new_empty((*ids.shape, depth), dtype=dtype)


def _attention(query, key, value, sinks, layer, scale, window, soft_cap):
    tokens, heads, _ = query.shape
    groups = heads // key.shape[1]
    q, k, v = (x.transpose(0, 1) for x in _wide(query, key, value))
    k, v = k.repeat_interleave(groups, 0), v.repeat_interleave(groups, 0)
    scores = q @ k.mT * scale
    if soft_cap > 0:
        scores = soft_cap * torch.tanh(scores / soft_cap)
    distance = torch.arange(tokens).unsqueeze(1) - torch.arange(tokens)
    hidden = (distance < 0) | (distance >= window) if window > 0 else distance < 0
    scores = scores.masked_fill(hidden, float("-inf"))
    if sinks is not None:
        scores = torch.cat([scores, sinks.to(scores.dtype).reshape(heads, 1, 1).expand(heads, tokens, 1)], -1)
    weights = scores.softmax(-1)[..., :tokens]
    return (weights @ v).transpose(0, 1).to(query.dtype).clone(memory_format=torch.contiguous_format)


def _attention_shape(query, key, value, sinks, layer, scale, window, soft_cap):
    return query.new_empty(query.shape)


def _encoder_attention(query, key, value, lengths, scale, causal):
    tokens, groups = query.shape[1], query.shape[2] // key.shape[2]
    q, k, v = (x.transpose(1, 2) for x in _wide(query, key, value))
    k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    places = torch.arange(tokens)
    is_text = places < lengths.unsqueeze(1)
    hidden = ~is_text.reshape(-1, 1, 1, tokens)
    if causal:
        hidden = hidden | (places > places.unsqueeze(1))
    weights = (q @ k.mT * scale).masked_fill(hidden, float("-inf")).softmax(-1)
    y = (weights @ v).transpose(1, 2)
    y = torch.where(is_text.reshape(*is_text.shape, 1, 1), y, 0.0)
    return y.to(query.dtype).clone(memory_format=torch.contiguous_format)


def _encoder_attention_shape(query, key, value, lengths, scale, causal):
    return query.new_empty(query.shape)


def _padded(x: Tensor, padding: list[int]) -> Tensor:
    """`padding`: [height, width], or [top, left, bottom, right]."""
    top, left = padding[:2]
    bottom, right = padding[-2:]
    return torch.nn.functional.pad(x, (left, right, top, bottom))


def _conv2d(x, weight, bias, residual, stride, padding, dilation, groups, activation):
    dtype = x.dtype
    x, weight, bias = _wide(x, weight, bias)
    y = torch.nn.functional.conv2d(_padded(x, padding), weight, bias, stride, 0, dilation, groups)
    return _channels_last(_finished(y, residual, activation).to(dtype))


def _conv2d_shape(x, weight, bias, residual, stride, padding, dilation, groups, activation):
    return _channels_last(x.new_empty(_conv2d_sizes(x, weight, stride, padding, dilation)))


class _Finish(NamedTuple):
    """What follows the sums of a quantised layer, in the schemas' order."""

    scales: Tensor
    bias: Tensor | None
    residual: Tensor | None
    residual_scale: float
    residual_zero: int
    y_scale: float | None
    y_zero: int
    activation: str

    def dtype(self) -> torch.dtype:
        return torch.float32 if self.y_scale is None else torch.uint8

    def apply(self, sums: Tensor, columns: tuple) -> Tensor:
        """`columns`: the shape in which scales and bias broadcast to the sums."""
        y = sums * self.scales.reshape(columns)
        if self.bias is not None:
            y = y + self.bias.reshape(columns)
        residual = self.residual
        if residual is not None and residual.dtype == torch.uint8:
            residual = (residual.float() - self.residual_zero) * self.residual_scale
        y = _finished(y, residual, self.activation)
        return y if self.y_scale is None else _quantize(y, self.y_scale, self.y_zero)


def _quantize(x: Tensor, scale: float, zero: int) -> Tensor:
    return torch.clamp(torch.round(x * (1.0 / scale)) + zero, 0, 255).to(torch.uint8)


# In float64 the sums of products of bytes are exact.
def _quantized_linear(x, x_zero, weight, *finish):
    finish = _Finish(*finish)
    if x.dtype == torch.uint8:
        sums = torch.nn.functional.linear(x.double() - x_zero, weight.double()).float()
    else:
        largest = x.abs().amax(-1, keepdim=True)
        row_scale = torch.where(largest > 0, largest / 127, 1.0)
        numbers = torch.round(x * (1.0 / row_scale)).clamp(-127, 127)
        sums = torch.nn.functional.linear(numbers.double(), weight.double()).float() * row_scale
    return finish.apply(sums, (-1,)).clone(memory_format=torch.contiguous_format)


def _quantized_linear_shape(x, x_zero, weight, *finish):
    return x.new_empty((*x.shape[:-1], weight.shape[0]), dtype=_Finish(*finish).dtype())


def _quantized_conv2d(x, x_zero, weight, stride, padding, dilation, groups, *finish):
    x = _padded(x.double() - x_zero, padding)
    sums = torch.nn.functional.conv2d(x, weight.double(), None, stride, 0, dilation, groups)
    return _channels_last(_Finish(*finish).apply(sums.float(), (-1, 1, 1)))


def _quantized_conv2d_shape(x, x_zero, weight, stride, padding, dilation, groups, *finish):
    sizes = _conv2d_sizes(x, weight, stride, padding, dilation)
    return _channels_last(x.new_empty(sizes, dtype=_Finish(*finish).dtype()))


def _conv2d_sizes(x, weight, stride, padding, dilation) -> tuple:
    size = [
        (x.shape[2 + i] + padding[i] + padding[i - 2] - dilation[i] * (weight.shape[2 + i] - 1) - 1) // stride[i] + 1
        for i in (0, 1)
    ]
    return (x.shape[0], weight.shape[0], *size)


def channels_last_strides(shape: torch.Size) -> tuple[int, int, int, int]:
    """Strides of a dense [N, C, H, W] tensor with channels innermost, exact even where a size is 1."""
    _, c, h, w = shape
    return (h * w * c, 1, w * c, c)


def _channels_last(y: Tensor) -> Tensor:
    """`y` in fresh channels-last storage. `contiguous(memory_format=...)` keeps other strides where a size is 1, and
    the runtime returns only these."""
    return y.new_empty_strided(y.shape, channels_last_strides(y.shape)).copy_(y)


for _name, _implementation, _shape in (
    ("hearth_linear", _linear, _linear_shape),
    ("hearth_embedding", _embedding, _embedding_shape),
    ("hearth_moe", _moe, _moe_shape),
    ("hearth_attention", _attention, _attention_shape),
    ("hearth_encoder_attention", _encoder_attention, _encoder_attention_shape),
    ("hearth_conv2d", _conv2d, _conv2d_shape),
    ("hearth_quantized_linear", _quantized_linear, _quantized_linear_shape),
    ("hearth_quantized_conv2d", _quantized_conv2d, _quantized_conv2d_shape),
):
    _library.impl(_name, _implementation, "CompositeExplicitAutograd")
    torch.library.register_fake(f"hearth::{_name}", _shape, lib=_library)


def c_shims(device: str = "cpu") -> dict[torch._ops.OpOverload, list[str]]:
    """C declarations for `aot_inductor.custom_ops_to_c_shims`: compiled code calls the operators by these symbols."""
    tensor, optional = "AtenTensorHandle", "AtenTensorHandle*"
    prefix = f"AOTITorchError aoti_torch_{device}_"
    windows = (
        "const int64_t* stride, int64_t stride_count, const int64_t* padding, int64_t padding_count, "
        "const int64_t* dilation, int64_t dilation_count, int64_t groups"
    )
    finish = (
        f"{tensor} scales, {optional} bias, {optional} residual, double residual_scale, int64_t residual_zero, "
        f"double* y_scale, int64_t y_zero, const char* activation, {tensor}* ret0"
    )
    quantized = f"{tensor} x, int64_t x_zero, {tensor} weight"
    return {
        torch.ops.hearth.hearth_linear.default: [
            f"{prefix}hearth_linear({tensor} x, {tensor} weight, {optional} bias, {optional} residual, "
            f"const char* fmt, int64_t n, const char* activation, {tensor}* ret0)"
        ],
        torch.ops.hearth.hearth_embedding.default: [
            f"{prefix}hearth_embedding({tensor} ids, {tensor} weight, const char* fmt, int64_t n, int64_t depth, "
            f"int32_t dtype, {tensor}* ret0)"
        ],
        torch.ops.hearth.hearth_moe.default: [
            f"{prefix}hearth_moe({tensor} x, {tensor} experts, {tensor} weight, {optional} bias, const char* fmt, "
            f"int64_t n, {tensor}* ret0)"
        ],
        torch.ops.hearth.hearth_attention.default: [
            f"{prefix}hearth_attention({tensor} query, {tensor} key, {tensor} value, {optional} sinks, int64_t layer, "
            f"double scale, int64_t window, double soft_cap, {tensor}* ret0)"
        ],
        torch.ops.hearth.hearth_encoder_attention.default: [
            f"{prefix}hearth_encoder_attention({tensor} query, {tensor} key, {tensor} value, {tensor} lengths, "
            f"double scale, int32_t causal, {tensor}* ret0)"
        ],
        torch.ops.hearth.hearth_conv2d.default: [
            f"{prefix}hearth_conv2d({tensor} x, {tensor} weight, {optional} bias, {optional} residual, "
            f"{windows}, const char* activation, {tensor}* ret0)"
        ],
        torch.ops.hearth.hearth_quantized_linear.default: [f"{prefix}hearth_quantized_linear({quantized}, {finish})"],
        torch.ops.hearth.hearth_quantized_conv2d.default: [
            f"{prefix}hearth_quantized_conv2d({quantized}, {windows}, {finish})"
        ],
    }
