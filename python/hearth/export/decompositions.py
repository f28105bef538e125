"""Operators in terms of others, where the others serve as well as a kernel would on every device.

Each function answers as `torch.ops.aten`'s operator of its name does (PyTorch's documentation has shapes and
semantics), from operators that Inductor makes code of or the runtime serves. NotImplemented leaves a call as it is.
"""

import contextlib
import math
from collections.abc import Callable, Iterator
from unittest import mock

import torch
from torch import Tensor
from torch._inductor import decomposition

from hearth.export.complex_numbers import complex_decompositions
from hearth.export.interpolate import resize_antialiased, sample_volume

aten = torch.ops.aten


@contextlib.contextmanager
def decomposed() -> Iterator[None]:
    """While this lasts, Inductor takes these operators apart as well as those that it takes apart by itself."""
    table = decomposition.fast_random_decomps()
    own = {op: _either(function, table.get(op)) for op, function in decompositions().items()}
    with mock.patch.dict(table, own):
        yield


def _either(function: Callable, other: Callable | None) -> Callable:
    def decompose(*arguments, **options):
        result = function(*arguments, **options)
        return other(*arguments, **options) if result is NotImplemented and other else result

    return decompose


def decompositions() -> dict[torch._ops.OpOverload, Callable]:
    """What is taken apart, and how."""
    return {
        aten._addmm_activation.default: _addmm_activation,
        aten._pdist_forward.default: _pdist_forward,
        aten._trilinear.default: _trilinear,
        aten._upsample_bicubic2d_aa.default: _upsample_bicubic2d_aa,
        aten._upsample_bilinear2d_aa.default: _upsample_bilinear2d_aa,
        aten._weight_int8pack_mm.default: _weight_int8pack_mm,
        aten.cholesky.default: _cholesky,
        aten.cholesky_inverse.default: _cholesky_inverse,
        aten.cholesky_solve.default: _cholesky_solve,
        aten.complex.default: _complex,
        aten.grid_sampler_3d.default: sample_volume,
        aten.linalg_lu.default: _linalg_lu,
        aten.linalg_lu_solve.default: _linalg_lu_solve,
        aten.linalg_pinv.atol_rtol_tensor: _linalg_pinv,
        aten.max_unpool2d.default: _max_unpool,
        aten.max_unpool3d.default: _max_unpool,
        aten.multinomial.default: _multinomial,
        aten.nonzero_static.default: _nonzero_static,
        aten.normal.Tensor_Tensor: _normal,
        aten.normal.Tensor_float: _normal,
        aten.normal.float_Tensor: _normal,
        aten.normal.float_float: _normal_of_size,
        aten.scatter.value: _scatter_value,
        aten.triangular_solve.default: _triangular_solve,
        **complex_decompositions(),
    }


def _scatter_value(self, dim, index, value):
    # Inductor 2.13 writes `inf`, which C++ does not know, where it passes a number.
    if not isinstance(value, float) or math.isfinite(value):
        return NotImplemented
    return self.scatter(dim, index, torch.full_like(index, value, dtype=self.dtype))


def _addmm_activation(self, a, b, *, beta=1, alpha=1, use_gelu=False):
    product = torch.addmm(self, a, b, beta=beta, alpha=alpha)
    return torch.nn.functional.gelu(product) if use_gelu else torch.relu(product)


def _pdist_forward(self, p=2.0):
    first, second = torch.triu_indices(self.shape[0], self.shape[0], 1, device=self.device)
    return torch.linalg.vector_norm(self[first] - self[second], p, dim=-1)


def _trilinear(a, b, c, expand1, expand2, expand3, sumdim, unroll_dim=1):
    if (expand1, expand2, expand3, sumdim) == ([1, 3], [0], [1, 2], [2, 3]):
        # nn.Bilinear: the weight b is [outputs, first, second]; a product and a reduction of its rows.
        outputs, first, second = b.shape
        products = (a @ b.permute(1, 0, 2).reshape(first, outputs * second)).view(-1, outputs, second)
        return (products * c.unsqueeze(1)).sum(-1)
    for dimension in expand1:
        a = a.unsqueeze(dimension)
    for dimension in expand2:
        b = b.unsqueeze(dimension)
    for dimension in expand3:
        c = c.unsqueeze(dimension)
    return (a * b * c).sum(sumdim)


def _upsample_bilinear2d_aa(self, output_size, align_corners, scales_h=None, scales_w=None):
    return resize_antialiased(self, output_size, "bilinear", align_corners, (scales_h, scales_w))


def _upsample_bicubic2d_aa(self, output_size, align_corners, scales_h=None, scales_w=None):
    return resize_antialiased(self, output_size, "bicubic", align_corners, (scales_h, scales_w))


def _weight_int8pack_mm(self, weight, scales):
    return (self @ weight.to(self.dtype).t()) * scales


def _cholesky(self, upper=False):
    return aten.linalg_cholesky_ex(self, upper=upper, check_errors=True)[0]


def _cholesky_solve(self, factor, upper=False):
    lower = factor.mT if upper else factor
    half = torch.linalg.solve_triangular(lower, self, upper=False)
    return torch.linalg.solve_triangular(lower.mT, half, upper=True)


def _cholesky_inverse(self, upper=False):
    identity = torch.eye(self.shape[-1], dtype=self.dtype, device=self.device)
    return _cholesky_solve(identity.expand(self.shape).contiguous(), self, upper)


def _complex(real, imaginary):
    real, imaginary = torch.broadcast_tensors(real, imaginary)
    return torch.view_as_complex(torch.stack((real, imaginary), -1))


def _linalg_lu(a, *, pivot=True):
    factors, pivots, _ = aten.linalg_lu_factor_ex(a, pivot=pivot)
    return aten.lu_unpack(factors, pivots)


def _linalg_lu_solve(factors, pivots, b, *, left=True, adjoint=False):
    if not left:
        return _linalg_lu_solve(factors, pivots, b.mT, adjoint=not adjoint).mT
    permutation, lower, upper = aten.lu_unpack(factors, pivots)
    if adjoint:
        half = torch.linalg.solve_triangular(upper.mT, b, upper=False)
        return permutation @ torch.linalg.solve_triangular(lower.mT, half, upper=True, unitriangular=True)
    half = torch.linalg.solve_triangular(lower, permutation.mT @ b, upper=False, unitriangular=True)
    return torch.linalg.solve_triangular(upper, half, upper=True)


def _linalg_pinv(self, *, atol=None, rtol=None, hermitian=False):
    if rtol is None:
        default = torch.finfo(self.dtype).eps * max(self.shape[-2:])
        rtol = default if atol is None else torch.where(atol > 0, 0.0, default)
    if hermitian:
        values, vectors = torch.linalg.eigh(self)
        left, right, magnitudes = vectors, vectors.mT, values.abs()
    else:
        columns, values, rows = torch.linalg.svd(self, full_matrices=False)
        left, right, magnitudes = rows.mT, columns.mT, values
    least = _as_column(rtol) * magnitudes.amax(-1, keepdim=True)
    least = least if atol is None else torch.maximum(least, _as_column(atol))
    inverted = torch.where(magnitudes > least, 1 / values, 0)
    return (left * inverted.unsqueeze(-2)) @ right


def _as_column(tolerance):
    return tolerance.unsqueeze(-1) if isinstance(tolerance, Tensor) else tolerance


def _max_unpool(self, indices, output_size, *_):
    """Stride and padding only say how output_size came about."""
    rank = len(output_size)
    lines = self.shape[:-rank]
    empty = self.new_zeros((*lines, math.prod(output_size)))
    filled = empty.scatter(-1, indices.reshape(*lines, -1), self.reshape(*lines, -1))
    return filled.view(*lines, *output_size)


def _multinomial(self, num_samples, replacement=False, *, generator=None):
    if generator is not None:
        return NotImplemented
    if replacement:
        sums = self.cumsum(-1)
        points = torch.rand((*self.shape[:-1], num_samples), dtype=self.dtype, device=self.device) * sums[..., -1:]
        return torch.searchsorted(sums, points, right=True).clamp(max=self.shape[-1] - 1)
    # The one that first happens, of events with these rates, is drawn with these probabilities (the "Gumbel trick").
    return torch.topk(self / aten.exponential(self), num_samples)[1]


def _nonzero_static(self, *, size, fill_value=-1):
    if self.dim() == 0:
        return torch.empty((size, 0), dtype=torch.int64, device=self.device)
    flat = (self != 0).reshape(-1)
    # Rows beyond `size`, and elements that are zero, go to a last row that is cut off.
    row = torch.where(flat, flat.cumsum(0) - 1, size).clamp(max=size)
    positions = torch.arange(flat.shape[0], device=self.device)
    coordinates = []
    for length in reversed(self.shape):
        column = torch.full((size + 1,), fill_value, dtype=torch.int64, device=self.device)
        coordinates.append(column.scatter(0, row, positions % length)[:size])
        positions = positions // length
    return torch.stack(coordinates[::-1], 1)


def _normal(mean, std=1.0, *, generator=None):
    if generator is not None:
        return NotImplemented
    shape = torch.broadcast_shapes(*(value.shape for value in (mean, std) if isinstance(value, Tensor)))
    like = mean if isinstance(mean, Tensor) else std
    return torch.randn(shape, dtype=like.dtype, device=like.device) * std + mean


def _normal_of_size(mean, std, size, *, generator=None, dtype=None, layout=None, device=None, pin_memory=None):
    if generator is not None:
        return NotImplemented
    return torch.randn(size, dtype=dtype, device=device) * std + mean


def _triangular_solve(self, a, upper=True, transpose=False, unitriangular=False):
    matrix = a.mT if transpose else a
    solution = torch.linalg.solve_triangular(matrix, self, upper=upper != transpose, unitriangular=unitriangular)
    return solution, a.clone()
