"""Operators taken apart (hearth.export.decompositions) answer as PyTorch's own."""

import math

import pytest
import torch
import torch.nn.functional as F
from hearth.export.decompositions import decompositions

aten = torch.ops.aten
GENERATOR = torch.Generator().manual_seed(0)


def real(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=GENERATOR)


def pairs(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=GENERATOR, dtype=torch.complex64)


def positive(*shape: int) -> torch.Tensor:
    matrix = real(*shape, shape[-1])
    return matrix @ matrix.mT + torch.eye(shape[-1])


def answer(op, *arguments, **options):
    """What the decomposition and the operator answer, as lists."""
    results = decompositions()[op](*arguments, **options), op(*arguments, **options)
    return [list(result) if isinstance(result, (tuple, list)) else [result] for result in results]


def assert_same(op, *arguments, **options) -> None:
    got, want = answer(op, *arguments, **options)
    assert len(got) == len(want)
    for a, b in zip(got, want, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5, check_stride=False, equal_nan=True)


@pytest.mark.parametrize("op", [aten._upsample_bilinear2d_aa.default, aten._upsample_bicubic2d_aa.default], ids=str)
@pytest.mark.parametrize("size", [(3, 5), (7, 7), (16, 9), (1, 1), (20, 40)])
@pytest.mark.parametrize("align_corners", [False, True])
def test_images_are_resized(op, size, align_corners):
    assert_same(op, real(2, 3, 11, 13), size, align_corners)


def test_images_are_resized_by_factors():
    image = real(1, 2, 10, 14)
    assert_same(aten._upsample_bilinear2d_aa.default, image, (6, 9), False, 0.63, 0.66)
    assert_same(aten._upsample_bicubic2d_aa.default, image.double(), (25, 30), False, 2.5, 2.2)


def test_infinity_is_scattered():
    places = torch.tensor([[0, 2], [1, 1]])
    assert_same(aten.scatter.value, real(2, 4), 1, places, -math.inf)
    assert decompositions()[aten.scatter.value](real(2, 4), 1, places, 0.5) is NotImplemented


@pytest.mark.parametrize("interpolation", [0, 1])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("align_corners", [False, True])
def test_volumes_are_sampled(interpolation, padding, align_corners):
    grid = real(2, 3, 4, 5, 3) * 1.5
    assert_same(aten.grid_sampler_3d.default, real(2, 3, 4, 6, 5), grid, interpolation, padding, align_corners)
    flat = real(1, 1, 1, 3, 2)
    assert_same(aten.grid_sampler_3d.default, flat, grid[:1], interpolation, padding, align_corners)


CASES = {
    "addmm_activation": (aten._addmm_activation.default, (real(5), real(3, 4), real(4, 5)), {"use_gelu": True}),
    "bilinear": (
        aten._trilinear.default,
        (real(6, 3), real(4, 3, 5), real(6, 5), [1, 3], [0], [1, 2], [2, 3]),
        {},
    ),
    "trilinear": (aten._trilinear.default, (real(3, 4), real(4, 5), real(3, 5), [2], [0], [1], [1]), {}),
    "cholesky": (aten.cholesky.default, (positive(2, 4), True), {}),
    "cholesky_inverse": (aten.cholesky_inverse.default, (positive(2, 4).tril(),), {}),
    "cholesky_solve": (aten.cholesky_solve.default, (real(4, 2), positive(4).triu(), True), {}),
    "complex": (aten.complex.default, (real(3, 4), real(4)), {}),
    "int8 weights": (
        aten._weight_int8pack_mm.default,
        (real(3, 8), torch.randint(-99, 99, (5, 8), dtype=torch.int8, generator=GENERATOR), real(5)),
        {},
    ),
    "lu": (aten.linalg_lu.default, (real(2, 5, 3),), {}),
    "nonzero_static": (aten.nonzero_static.default, (real(4, 5) > 0,), {"size": 7, "fill_value": -2}),
    "nonzero_static, more than there are": (aten.nonzero_static.default, (real(3, 2, 2) > 0,), {"size": 30}),
    "pdist": (aten._pdist_forward.default, (real(6, 3), 1.5), {}),
    "pinv": (aten.linalg_pinv.atol_rtol_tensor, (real(2, 5, 3),), {}),
    "pinv, hermitian": (aten.linalg_pinv.atol_rtol_tensor, (positive(4),), {"hermitian": True}),
    "pinv, tolerant": (
        aten.linalg_pinv.atol_rtol_tensor,
        (real(4, 4) @ torch.diag(torch.tensor([1.0, 1, 1e-4, 0])),),
        {"atol": torch.tensor(1e-2), "rtol": torch.tensor(0.0)},
    ),
    "triangular_solve": (aten.triangular_solve.default, (real(4, 2), positive(4), False, True), {}),
}


@pytest.mark.parametrize("case", CASES)
def test_operators_are_taken_apart(case):
    op, arguments, options = CASES[case]
    assert_same(op, *arguments, **options)


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("adjoint", [False, True])
def test_factors_solve(left, adjoint):
    factors, pivots = torch.linalg.lu_factor(real(3, 4, 4))
    sides = real(3, 4, 2) if left else real(3, 2, 4)
    assert_same(aten.linalg_lu_solve.default, factors, pivots, sides, left=left, adjoint=adjoint)


@pytest.mark.parametrize("rank", [2, 3])
def test_pooling_is_undone(rank):
    pool = F.max_pool2d if rank == 2 else F.max_pool3d
    values, indices = pool(real(2, 3, *[8] * rank), 2, return_indices=True)
    if rank == 2:
        assert_same(aten.max_unpool2d.default, values, indices, [8, 8])
        assert_same(aten.max_unpool2d.default, values[0], indices[0], [8, 8])
    else:
        assert_same(aten.max_unpool3d.default, values, indices, [8] * 3, [2] * 3, [0] * 3)


def test_draws_have_the_asked_distribution():
    torch.manual_seed(3)
    table = decompositions()
    weights = torch.tensor([[1.0, 0.0, 3.0], [0.0, 5.0, 5.0]])
    drawn = table[aten.multinomial.default](weights, 4000, True)
    shares = F.one_hot(drawn, 3).float().mean(1)
    torch.testing.assert_close(shares, weights / weights.sum(1, keepdim=True), rtol=0, atol=0.04)
    once = torch.stack([table[aten.multinomial.default](weights[0], 1) for _ in range(2000)])
    assert abs((once == 2).float().mean() - 0.75) < 0.04
    assert not (once == 1).any()
    pair = table[aten.multinomial.default](weights, 2)
    assert (pair.sort(1)[0] == torch.tensor([[0, 2], [1, 2]])).all()
    numbers = table[aten.normal.Tensor_float](torch.full((4000,), 5.0), 2.0)
    assert abs(numbers.mean() - 5) < 0.2
    assert abs(numbers.std() - 2) < 0.2


z, mask = pairs(2, 3, 4), real(2, 3, 4) > 0
positions = torch.randint(0, 3, (2, 2, 4), generator=GENERATOR)
COMPLEX_CASES = {
    "addcdiv": (aten.addcdiv.default, (z, z, pairs(2, 3, 4)), {"value": 2}),
    "addcmul": (aten.addcmul.default, (z, z, z[0]), {}),
    "all": (aten.all.default, (z,), {}),
    "any": (aten.any.default, (z * 0,), {}),
    "diagonal": (aten.diagonal.default, (z, 1, -2, -1), {}),
    "div": (aten.div.Scalar, (z, 4), {}),
    "eq": (aten.eq.Tensor, (z, torch.where(mask, z, 0)), {}),
    "flip": (aten.flip.default, (z, [0, -1]), {}),
    "full": (aten.full.default, ((2, 3), 1 - 2j), {}),
    "gather": (aten.gather.default, (z, -2, positions), {}),
    "index_add": (aten.index_add.default, (z, 1, torch.tensor([0, 0, 2]), z), {"alpha": 2}),
    "index_select": (aten.index_select.default, (z, -1, torch.tensor([3, 0])), {}),
    "isinf": (aten.isinf.default, (z / 0,), {}),
    "isnan": (aten.isnan.default, (z * torch.nan,), {}),
    "logical_not": (aten.logical_not.default, (torch.where(mask, z, 0),), {}),
    "masked_fill": (aten.masked_fill.Scalar, (z, mask, 1.5), {}),
    "mean": (aten.mean.default, (z,), {}),
    "mean of lines": (aten.mean.dim, (z, [-1, 0], True), {}),
    "ne": (aten.ne.Tensor, (z, torch.where(mask, z, 0)), {}),
    "ne of a number": (aten.ne.Scalar, (torch.where(mask, z, 0), 0), {}),
    "reciprocal": (aten.reciprocal.default, (z,), {}),
    "repeat": (aten.repeat.default, (z, [2, 1, 1, 3]), {}),
    "roll": (aten.roll.default, (z, [1, 2], [-1, 0]), {}),
    "scatter": (aten.scatter.src, (z, 1, torch.tensor([[[0, 1, 2, 0]]]), z), {}),
    "scatter_add": (aten.scatter_add.default, (z, 1, positions, z), {}),
    "split": (aten.split.Tensor, (z, 3, -1), {}),
    "squeeze": (aten.squeeze.default, (z[:1, :, :1],), {}),
    "squeeze one": (aten.squeeze.dim, (z[:1], 0), {}),
    "squeeze some": (aten.squeeze.dims, (z[:1, :, :1], [0, -1]), {}),
    "unbind": (aten.unbind.int, (z, 1), {}),
    "unfold": (aten.unfold.default, (z, -1, 2, 1), {}),
    "var": (aten.var.correction, (z, [1]), {"correction": 0}),
    "var_mean": (aten.var_mean.correction, (z, [-1], ), {"keepdim": True}),
    "where": (aten.where.self, (mask, z, real(4)), {}),
    "where not": (aten.where.self, (mask, real(4), z), {}),
}  # fmt: skip


@pytest.mark.parametrize("case", COMPLEX_CASES)
def test_complex_numbers_are_taken_apart(case):
    op, arguments, options = COMPLEX_CASES[case]
    assert_same(op, *arguments, **options)


def test_real_numbers_are_left_to_inductor():
    table = decompositions()
    assert table[aten.flip.default](real(3), [0]) is NotImplemented
    assert table[aten.where.self](mask, real(4), real(4)) is NotImplemented
    assert table[aten._upsample_bilinear2d_aa.default](torch.ones(1, 1, 4, 4).byte(), (2, 2), False) is NotImplemented
