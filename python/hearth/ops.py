"""The operators of the Hearth runtime as PyTorch sees them: schema, shape function, reference, C declaration.

Schema and C declaration of one operator must change together, and with them `src/aoti`.
"""

import torch
from torch import Tensor

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

_DENSE_FORMATS = ("f32", "bf16", "f16")

_library = torch.library.Library("hearth", "DEF")
# Inductor must hand over operands with the strides that the graph says, and keep the shape function's for the result.
_TAGS = (torch.Tag.needs_fixed_stride_order, torch.Tag.pt2_compliant_tag)

_library.define(
    "hearth_linear(Tensor x, Tensor weight, Tensor? scales, Tensor? zeros, Tensor? bias, Tensor? residual, "
    "str fmt, int group_size, int n, str activation) -> Tensor",
    tags=_TAGS,
)
_library.define(
    "hearth_conv2d(Tensor x, Tensor weight, Tensor? bias, Tensor? residual, int[2] stride, int[2] padding, "
    "int[2] dilation, int groups, str activation) -> Tensor",
    tags=_TAGS,
)


def _wide(*tensors: Tensor | None) -> list[Tensor | None]:
    """Operands as the kernels compute with them: bfloat16 and float16 in float32."""
    return [t if t is None or t.dtype == torch.float64 else t.float() for t in tensors]


def _finished(y: Tensor, residual: Tensor | None, activation: str) -> Tensor:
    return ACTIVATIONS[activation](y if residual is None else y + residual)


def _linear(x, weight, scales, zeros, bias, residual, fmt, group_size, n, activation):
    if fmt not in _DENSE_FORMATS or scales is not None or zeros is not None:
        raise NotImplementedError(f"hearth::hearth_linear: weight format {fmt!r} is not known")
    y = torch.nn.functional.linear(*_wide(x, weight, bias))
    # Fresh row-major storage, as the runtime returns it.
    return _finished(y, residual, activation).to(x.dtype).clone(memory_format=torch.contiguous_format)


def _linear_shape(x, weight, scales, zeros, bias, residual, fmt, group_size, n, activation):
    return x.new_empty((*x.shape[:-1], n))


def _conv2d(x, weight, bias, residual, stride, padding, dilation, groups, activation):
    y = torch.nn.functional.conv2d(*_wide(x, weight, bias), stride, padding, dilation, groups)
    return _channels_last(_finished(y, residual, activation).to(x.dtype))


def _conv2d_shape(x, weight, bias, residual, stride, padding, dilation, groups, activation):
    size = [
        (x.shape[2 + i] + 2 * padding[i] - dilation[i] * (weight.shape[2 + i] - 1) - 1) // stride[i] + 1 for i in (0, 1)
    ]
    return _channels_last(x.new_empty((x.shape[0], weight.shape[0], *size)))


def channels_last_strides(shape: torch.Size) -> tuple[int, int, int, int]:
    """Strides of a dense [N, C, H, W] tensor with channels innermost, exact even where a size is 1."""
    _, c, h, w = shape
    return (h * w * c, 1, w * c, c)


def _channels_last(y: Tensor) -> Tensor:
    """`y` in fresh channels-last storage. `contiguous(memory_format=...)` keeps other strides where a size is 1, and
    the runtime returns only these."""
    return y.new_empty_strided(y.shape, channels_last_strides(y.shape)).copy_(y)


_library.impl("hearth_linear", _linear, "CompositeExplicitAutograd")
_library.impl("hearth_conv2d", _conv2d, "CompositeExplicitAutograd")
torch.library.register_fake("hearth::hearth_linear", _linear_shape, lib=_library)
torch.library.register_fake("hearth::hearth_conv2d", _conv2d_shape, lib=_library)


def c_shims(device: str = "cpu") -> dict[torch._ops.OpOverload, list[str]]:
    """C declarations for `aot_inductor.custom_ops_to_c_shims`: compiled code calls the operators by these symbols."""
    tensor, optional = "AtenTensorHandle", "AtenTensorHandle*"
    prefix = f"AOTITorchError aoti_torch_{device}_"
    return {
        torch.ops.hearth.hearth_linear.default: [
            f"{prefix}hearth_linear({tensor} x, {tensor} weight, {optional} scales, {optional} zeros, {optional} bias, "
            f"{optional} residual, const char* fmt, int64_t group_size, int64_t n, const char* activation, "
            f"{tensor}* ret0)"
        ],
        torch.ops.hearth.hearth_conv2d.default: [
            f"{prefix}hearth_conv2d({tensor} x, {tensor} weight, {optional} bias, {optional} residual, "
            f"const int64_t* stride, int64_t stride_count, const int64_t* padding, int64_t padding_count, "
            f"const int64_t* dilation, int64_t dilation_count, int64_t groups, const char* activation, {tensor}* ret0)"
        ],
    }
