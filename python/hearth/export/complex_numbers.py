"""Operators on complex tensors in terms of operators on pairs of real ones, which Inductor makes code of. Inductor
leaves every complex operator to a call; what the runtime serves of them stands in docs/operators.md."""

from collections.abc import Callable

import torch
from torch import Tensor

aten = torch.ops.aten


def complex_decompositions() -> dict[torch._ops.OpOverload, Callable]:
    """A table of decompositions, which leave calls on real tensors as they are (NotImplemented)."""
    return {op: _of_complex(_moving(op)) for op in _MOVES} | {
        aten.addcdiv.default: _of_complex(lambda self, a, b, *, value=1: self + value * (a / b)),
        aten.addcmul.default: _of_complex(lambda self, a, b, *, value=1: self + value * (a * b)),
        aten.all.default: _of_complex(lambda self: _truth(self).all()),
        aten.any.default: _of_complex(lambda self: _truth(self).any()),
        aten.diagonal.default: _of_complex(_diagonal),
        aten.div.Scalar: _of_complex(lambda self, other: self * (1 / other)),
        aten.eq.Tensor: _of_complex(_equal),
        aten.full.default: _full,
        aten.isinf.default: _of_complex(lambda self: torch.view_as_real(self).isinf().any(-1)),
        aten.isnan.default: _of_complex(lambda self: torch.view_as_real(self).isnan().any(-1)),
        aten.logical_not.default: _of_complex(lambda self: ~_truth(self)),
        aten.masked_fill.Scalar: _of_complex(_masked_fill),
        aten.mean.default: _of_complex(lambda self, *, dtype=None: self.sum() * (1 / self.numel())),
        aten.mean.dim: _of_complex(_mean),
        aten.ne.Scalar: _of_complex(lambda self, other: ~_equal(self, other)),
        aten.ne.Tensor: _of_complex(lambda self, other: ~_equal(self, other)),
        aten.reciprocal.default: _of_complex(lambda self: torch.ones_like(self) / self),
        aten.repeat.default: _of_complex(_repeat),
        aten.scalar_tensor.default: _scalar_tensor,
        aten.var.correction: _of_complex(lambda self, *arguments, **options: _var(self, *arguments, **options)[0]),
        aten.var_mean.correction: _of_complex(lambda self, *arguments, **options: _var(self, *arguments, **options)),
        aten.where.self: _where,
        aten._unsafe_index.Tensor: _of_complex(lambda self, indices: aten.index.Tensor(self, indices)),
    }


_MOVES = (
    aten.flip.default,
    aten.gather.default,
    aten.index_add.default,
    aten.index_select.default,
    aten.roll.default,
    aten.scatter.src,
    aten.scatter_add.default,
    aten.split.Tensor,
    aten.split_with_sizes.default,
    aten.squeeze.default,
    aten.squeeze.dim,
    aten.squeeze.dims,
    aten.unbind.int,
    aten.unfold.default,
)
"""Operators that only move elements, or add some up."""


def _of_complex(function: Callable) -> Callable:
    def decomposition(self, *arguments, **options):
        return function(self, *arguments, **options) if self.is_complex() else NotImplemented

    return decomposition


def _moving(op: torch._ops.OpOverload) -> Callable:
    """The operator on pairs: dimensions count from the front, an index is spread over both numbers."""

    def on_pairs(self, *arguments, **options):
        if self.dim() == 0:
            return NotImplemented
        # What is left out has the schema's value.
        given = {argument.name: argument.default_value for argument in op._schema.arguments[1:]}
        given |= dict(zip(given, arguments, strict=False)) | options
        for name in given.keys() & {"dim", "dimension"}:
            dims = given[name]
            given[name] = [dim % self.dim() for dim in dims] if isinstance(dims, (list, tuple)) else dims % self.dim()
        if "dims" in given:
            given["dims"] = [dim % self.dim() for dim in given["dims"]]
        for name in given.keys() & {"src", "source"}:
            given[name] = torch.view_as_real(given[name])
        if op in (aten.gather.default, aten.scatter.src, aten.scatter_add.default):
            given["index"] = given["index"].unsqueeze(-1).expand(*given["index"].shape, 2)
        result = op(torch.view_as_real(self), **given)
        if op is aten.unfold.default:
            # The windows come after the pairs.
            result = result.movedim(-1, -2)
        if isinstance(result, Tensor):
            return torch.view_as_complex(result.contiguous())
        return [torch.view_as_complex(part.contiguous()) for part in result]

    return on_pairs


def _diagonal(self, offset=0, dim1=0, dim2=1):
    pairs = torch.view_as_real(self)
    diagonal = aten.diagonal.default(pairs, offset, dim1 % self.dim(), dim2 % self.dim())
    return torch.view_as_complex(diagonal.movedim(-2, -1).contiguous())


def _pairs(value, like: Tensor) -> Tensor:
    """A complex or real tensor as pairs of like's precision."""
    return torch.view_as_real(value.to(like.dtype))


def _equal(self, other):
    if isinstance(other, Tensor):
        return (torch.view_as_real(self) == _pairs(other, self)).all(-1)
    number = complex(other)
    pairs = torch.view_as_real(self)
    return (pairs[..., 0] == number.real) & (pairs[..., 1] == number.imag)


def _truth(self):
    return (torch.view_as_real(self) != 0).any(-1)


def _full(size, value, *, dtype=None, device=None, **_):
    """Inductor cannot pass complex numbers."""
    if not isinstance(value, complex):
        return NotImplemented
    dtype = dtype or torch.complex64
    parts = [torch.full(size, part, dtype=dtype.to_real(), device=device) for part in (value.real, value.imag)]
    result = torch.view_as_complex(torch.stack(parts, -1))
    return result if dtype.is_complex else result.real.to(dtype)


def _scalar_tensor(value, *, dtype=None, **options):
    return _full((), complex(value) if dtype is not None and dtype.is_complex else value, dtype=dtype, **options)


def _repeat(self, repeats):
    return torch.view_as_complex(torch.view_as_real(self).repeat(*repeats, 1))


def _var(self, dim=None, *, correction=None, keepdim=False):
    dims = [dim % self.dim() for dim in dim] if dim else list(range(self.dim()))
    parts = torch.view_as_real(self)
    correction = 1 if correction is None else correction
    variance, mean = torch.var_mean(parts, dims, correction=correction, keepdim=keepdim)
    return variance.sum(-1), torch.view_as_complex(mean.contiguous())


def _masked_fill(self, mask, value):
    pairs = torch.view_as_real(self)
    parts = torch.stack([pairs.new_full((), complex(value).real), pairs.new_full((), complex(value).imag)])
    return torch.view_as_complex(torch.where(mask.unsqueeze(-1), parts, pairs))


def _mean(self, dim, keepdim=False, *, dtype=None):
    dims = [dim % self.dim() for dim in dim] if dim else list(range(self.dim()))
    return torch.view_as_complex(torch.view_as_real(self).mean(dims, keepdim).contiguous())


def _where(condition, self, other):
    if not (self.is_complex() or other.is_complex()):
        return NotImplemented
    like = self if self.is_complex() else other
    chosen = torch.where(condition.unsqueeze(-1), _pairs(self, like), _pairs(other, like))
    return torch.view_as_complex(chosen)
