"""Every operator that Inductor leaves to the runtime: small modules, exported, run and compared with eager PyTorch."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from programs import run_method


@dataclass
class Case:
    """`function` of `inputs`. `symbol`: the runtime's function that the compiled code calls for it, or an operator that
    it calls by name ("aten::bincount"); "" where Inductor makes code of its own."""

    function: Callable
    inputs: tuple[torch.Tensor, ...]
    symbol: str
    tolerance: float = 1e-5


def real(*shape: int) -> torch.Tensor:
    return torch.randn(*shape)


def whole(high: int, *shape: int) -> torch.Tensor:
    return torch.randint(0, high, shape)


def spectral(values: torch.Tensor, vectors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What does not depend on the vectors' signs."""
    return values, (vectors * values.unsqueeze(-2).exp()) @ vectors.mT


def products(left: torch.Tensor, values: torch.Tensor, right: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return values, (left * values.unsqueeze(-2).sqrt()) @ right


def cases() -> dict[str, dict[str, Case]]:
    """Families of cases: one exported file each."""
    torch.manual_seed(0)
    ties = whole(5, 6, 40).float()
    image, volume = real(2, 4, 11, 13), real(2, 3, 7, 8, 9)
    channels_last = image.contiguous(memory_format=torch.channels_last)
    query, key = real(2, 3, 9, 16), real(2, 3, 14, 16)
    boundaries = torch.tensor([-1.0, 0.0, 0.5, 1.0])
    complex_pairs = real(5, 7, 2)
    rows, values = torch.tensor([4, 0, 2, 0]), real(4, 6)
    square = real(2, 5, 5)
    signal, pairs = real(3, 20), torch.randn(2, 4, 6, dtype=torch.complex64)
    return {
        "spectra": {
            "fft": Case(lambda x: torch.fft.fft2(x, norm="ortho").abs(), (real(3, 7, 10),), "_fft_c2c"),
            "rfft": Case(lambda x: torch.view_as_real(torch.fft.rfft(x)), (signal,), "_fft_r2c"),
            "irfft": Case(lambda x: torch.fft.irfft(torch.fft.rfft(x) * 2, n=21), (signal,), "aten::_fft_c2r"),
            "rfftn and back": Case(lambda x: torch.fft.irfftn(torch.fft.rfftn(x)), (real(3, 6, 8),), "aten::_fft_c2r"),
            "doubles": Case(lambda x: torch.fft.irfft(torch.fft.rfft(x), n=20), (signal.double(),), "_fft_r2c"),
            "stft": Case(
                lambda x: torch.stft(x, 8, 4, window=torch.hann_window(8), return_complex=True).abs(),
                (signal,),
                "_fft_r2c",
            ),
        },
        "complex numbers": {
            "products": Case(lambda z: torch.view_as_real(z @ z.transpose(1, 2)), (pairs,), "aten::bmm"),
            "arithmetic": Case(
                lambda z: torch.view_as_real((z.conj() - z * 2j) / (z + 3) - torch.exp(-z)),
                (pairs,),
                "aten::div.Tensor",
            ),
            "sums": Case(
                lambda z: torch.view_as_real(z.sum((0, 2)) + z[:, 1].sum()), (pairs,), "aten::sum.dim_IntList"
            ),
            "views": Case(
                lambda z: torch.view_as_real(z[:, 2].unsqueeze(1).expand(2, 3, 6).clone()), (pairs,), "aten::expand"
            ),
            "functions": Case(
                lambda z: torch.view_as_real(z.sqrt().sin() + torch.log(z) * z.tanh() + torch.rsqrt(z)),
                (pairs,),
                "aten::rsqrt",
                1e-4,
            ),
            "padding": Case(
                lambda z: torch.view_as_real(F.pad(z, (1, 2)).conj().resolve_conj()), (pairs,), "aten::constant_pad_nd"
            ),
            "from real numbers": Case(
                lambda x, z: torch.view_as_real(x.to(torch.complex64) @ z[0]),
                (real(3, 4), pairs),
                "aten::mm",
            ),
            "products added": Case(
                lambda z: torch.view_as_real(torch.addmm(z[0, :, 0], z[1], z[1].t(), beta=0.5, alpha=2)),
                (pairs,),
                "aten::addmm",
            ),
            "moves": Case(
                lambda z, m: torch.view_as_real(torch.where(m, z, 0).flip(1).roll(1, -1).repeat(1, 1, 2).mean((0, -1))),
                (pairs, real(2, 4, 6) > 0),
                "",
            ),
            "rotary": Case(
                lambda x, t: torch.view_as_real(
                    torch.view_as_complex(x.reshape(2, 5, 4, 2)) * torch.polar(torch.ones_like(t), t)
                ),
                (real(2, 5, 8), real(5, 4)),
                "mul_Tensor",
            ),
        },
        "linear algebra": {
            "inv": Case(torch.linalg.inv, (square,), "aten::linalg_inv_ex", 1e-4),
            "solve": Case(torch.linalg.solve, (square, real(2, 5, 3)), "aten::_linalg_solve_ex", 1e-4),
            "solve from the right": Case(
                lambda a, b: torch.linalg.solve(a, b, left=False),
                (square, real(2, 3, 5)),
                "aten::_linalg_solve_ex",
                1e-4,
            ),
            "solve a vector": Case(torch.linalg.solve, (square[0], real(5)), "aten::_linalg_solve_ex", 1e-4),
            "det": Case(torch.linalg.det, (square,), "aten::_linalg_det", 1e-4),
            "slogdet": Case(lambda a: tuple(torch.linalg.slogdet(a)), (square,), "aten::_linalg_slogdet", 1e-4),
            "cholesky": Case(
                lambda a: torch.linalg.cholesky(a @ a.mT + torch.eye(5)), (square,), "aten::linalg_cholesky_ex"
            ),
            "qr": Case(lambda a: tuple(torch.linalg.qr(a)), (real(2, 6, 4),), "aten::linalg_qr"),
            "eigh": Case(lambda a: spectral(*torch.linalg.eigh(a + a.mT)), (square,), "aten::_linalg_eigh", 1e-4),
            "svd": Case(
                lambda a: products(*torch.linalg.svd(a, full_matrices=False)),
                (real(2, 6, 4),),
                "aten::_linalg_svd",
                1e-4,
            ),
            "matrix_exp": Case(torch.linalg.matrix_exp, (square,), "aten::linalg_matrix_exp", 1e-3),
            "householder_product": Case(
                torch.linalg.householder_product, (real(2, 6, 4), real(2, 3)), "aten::linalg_householder_product", 1e-4
            ),
            "lu_unpack": Case(lambda a: tuple(torch.linalg.lu(a)), (real(2, 6, 4),), "lu_unpack", 1e-4),
            "lu": Case(lambda a: tuple(torch.linalg.lu_factor(a)), (square,), "aten::linalg_lu_factor_ex", 1e-4),
            "triangle": Case(
                lambda a, b: torch.linalg.solve_triangular(a + 5 * torch.eye(5), b, upper=True),
                (square, real(2, 5, 3)),
                "aten::linalg_solve_triangular",
                1e-4,
            ),
        },
        "counting": {
            "unique": Case(
                lambda x: torch.unique(x, return_inverse=True, return_counts=True), (ties,), "aten::_unique2"
            ),
            "unique_consecutive": Case(
                lambda x: torch.unique_consecutive(x, return_inverse=True, return_counts=True),
                (ties,),
                "aten::unique_consecutive",
            ),
            "unique rows": Case(
                lambda x: torch.unique(x % 2, dim=0, return_inverse=True, return_counts=True),
                (whole(9, 12, 3),),
                "aten::unique_dim",
            ),
            "runs of columns": Case(
                lambda x: torch.unique_consecutive(x, return_counts=True, dim=1),
                (whole(2, 2, 12),),
                "aten::unique_consecutive",
            ),
            "bincount": Case(lambda x: torch.bincount(x.flatten(), minlength=9), (ties.long(),), "aten::bincount"),
            "bincount with weights": Case(
                lambda x, w: torch.bincount(x[0], weights=w), (ties.long(), real(40)), "aten::bincount"
            ),
        },
        "matrices": {
            "mm": Case(torch.mm, (real(17, 33), real(33, 9)), "mm_out"),
            "mm of transposed": Case(lambda a, b: a.t() @ b.t(), (real(33, 17), real(9, 33)), "mm_out"),
            "mm of doubles": Case(torch.mm, (real(5, 7).double(), real(7, 3).double()), "mm_out"),
            "mm of integers": Case(torch.mm, (whole(9, 5, 7), whole(9, 7, 3)), "mm_out"),
            "mm of bfloat16": Case(
                lambda a, b: (a.bfloat16() @ b.bfloat16()).float(),
                (real(17, 33), real(33, 9)),
                "mm_out",
                1e-2,
            ),
            "linear of float16": Case(
                lambda x: F.linear(x.half(), LINEAR.half(), LINEAR[:, 0].half()).float(),
                (real(6, 24),),
                "addmm_out",
                1e-2,
            ),
            "addbmm": Case(
                lambda c, a, b: torch.addbmm(c, a, b, beta=0.5, alpha=2),
                (real(8, 5), real(3, 8, 21), real(3, 21, 5)),
                "addbmm",
            ),
            "grouped_mm": Case(
                lambda x, w: torch._grouped_mm(
                    x.bfloat16(), w.bfloat16(), offs=torch.tensor([3, 3, 10], dtype=torch.int32)
                ).float(),
                (real(10, 16), real(3, 16, 8)),
                "_grouped_mm",
                2e-2,
            ),
            "bmm": Case(torch.bmm, (real(3, 8, 21), real(3, 21, 5)), "bmm_out"),
            "addmm": Case(
                lambda c, a, b: torch.addmm(c, a, b, beta=0.5, alpha=2),
                (real(9), real(17, 33), real(33, 9)),
                "addmm_out",
            ),
            "baddbmm": Case(
                lambda c, a, b: torch.baddbmm(c, a, b, beta=0.5, alpha=2),
                (real(3, 8, 5), real(3, 8, 21), real(3, 21, 5)),
                "baddbmm_out",
            ),
            "linear": Case(
                lambda x: F.linear(x, LINEAR, LINEAR[:, 0]),
                (real(2, 5, 24),),
                "hearth_linear",
            ),
            "attention": Case(
                F.scaled_dot_product_attention,
                (query, key, key),
                "_scaled_dot_product_flash_attention_for_cpu",
            ),
            "causal attention": Case(
                lambda q: F.scaled_dot_product_attention(q, q, q, is_causal=True),
                (query,),
                "_scaled_dot_product_flash_attention_for_cpu",
            ),
            "attention with a mask": Case(
                lambda q, k, m: F.scaled_dot_product_attention(q, k, k, m),
                (query, key, real(2, 1, 9, 14)),
                "_scaled_dot_product_flash_attention_for_cpu",
            ),
            "cdist": Case(torch.cdist, (real(2, 9, 5), real(2, 7, 5)), "_cdist_forward", 1e-4),
        },
        "convolutions": {
            "1-d": Case(
                lambda x, w: F.conv1d(x, w, padding=2, dilation=2),
                (real(2, 4, 30), real(6, 4, 3)),
                "convolution",
            ),
            "2-d grouped": Case(
                lambda x, w: F.conv2d(x, w, groups=2, stride=2, padding=1),
                (image, real(6, 2, 3, 3)),
                "convolution",
            ),
            "3-d": Case(
                lambda x, w: F.conv3d(x, w, padding=1),
                (volume, real(5, 3, 3, 3, 3)),
                "convolution",
            ),
            "1-d transposed": Case(
                lambda x, w: F.conv_transpose1d(x, w, stride=2),
                (real(2, 4, 10), real(4, 3, 4)),
                "convolution",
            ),
            "2-d transposed": Case(
                lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1, output_padding=1),
                (image, real(4, 3, 3, 3)),
                "convolution",
            ),
            "of doubles": Case(
                lambda x, w: F.conv2d(x, w, padding=1),
                (image.double(), real(6, 4, 3, 3).double()),
                "convolution",
            ),
            "of bfloat16": Case(
                lambda x, w: F.conv2d(x.bfloat16(), w.bfloat16(), padding=1).float(),
                (channels_last, real(6, 4, 3, 3)),
                "convolution",
                3e-2,
            ),
            "weights of the model": Case(
                lambda x: F.conv2d(x, KERNEL, KERNEL[:, 0, 0, 0]),
                (image,),
                "hearth_conv2d",
            ),
        },
        "pooling": {
            "max 2-d with indices": Case(
                lambda x: F.max_pool2d(x, 7, 2, 3, return_indices=True),
                (image,),
                "",
            ),
            "max 2-d dilated": Case(
                lambda x: F.max_pool2d(x, 3, 1, 0, 2, return_indices=True),
                (channels_last,),
                "",
            ),
            "max 3-d": Case(
                lambda x: F.max_pool3d(x, 2, 2, return_indices=True),
                (volume,),
                "",
            ),
            "average 2-d": Case(
                lambda x: F.avg_pool2d(x, 7, 1, 3, count_include_pad=False),
                (image,),
                "avg_pool2d",
            ),
            "average 3-d": Case(lambda x: F.avg_pool3d(x, 3, 2, 1, True), (volume,), "avg_pool3d"),
            "adaptive average 2-d": Case(
                lambda x: F.adaptive_avg_pool2d(x, (2, 1)),
                (image,),
                "_adaptive_avg_pool2d",
            ),
            "adaptive average 3-d": Case(
                lambda x: F.adaptive_avg_pool3d(x, (3, 5, 2)),
                (volume,),
                "_adaptive_avg_pool3d",
            ),
            "adaptive max 2-d": Case(
                lambda x: F.adaptive_max_pool2d(x, (2, 1), return_indices=True),
                (image,),
                "adaptive_max_pool2d",
            ),
            "adaptive max 3-d": Case(
                lambda x: F.adaptive_max_pool3d(x, (3, 5, 2), return_indices=True),
                (volume,),
                "adaptive_max_pool3d",
            ),
        },
        "sorting": {
            "topk": Case(lambda x: torch.topk(x, 5), (real(7, 33),), "topk"),
            "topk of the least": Case(lambda x: torch.topk(x, 3, 0, largest=False), (real(7, 33),), "topk"),
            "sort": Case(
                lambda x: torch.sort(x, stable=True, descending=True),
                (ties,),
                "sort_stable",
            ),
            "sort along rows": Case(lambda x: torch.sort(x, dim=0, stable=True), (ties,), "sort_stable"),
            "argsort of integers": Case(lambda x: torch.argsort(x, stable=True), (whole(9, 50),), "sort_stable"),
            "kthvalue": Case(lambda x: torch.kthvalue(x, 4)[0], (real(7, 33),), "kthvalue"),
            "median": Case(lambda x: torch.median(x), (real(7, 33),), "median"),
            "median of lines": Case(lambda x: torch.median(x, 0)[0], (real(7, 33),), "aten::median.dim"),
            "nanmedian of lines": Case(
                lambda x: torch.nanmedian(torch.where(x > 1, torch.nan, x), 1, True)[0],
                (real(7, 33),),
                "aten::nanmedian.dim",
            ),
            "nanmedian": Case(
                lambda x: torch.nanmedian(torch.where(x > 1, torch.nan, x)),
                (real(7, 33),),
                "nanmedian",
            ),
            "mode": Case(lambda x: torch.mode(x)[0], (ties,), "mode"),
            "searchsorted": Case(
                lambda b, x: torch.searchsorted(b, x, right=True),
                (boundaries, real(3, 8)),
                "searchsorted_",
            ),
            "histc": Case(lambda x: torch.histc(x, 10, -2, 2), (real(200),), "histc"),
        },
        "scans": {
            "cumsum": Case(lambda x: torch.cumsum(x, 1), (real(3, 300, 2),), "cumsum", 1e-4),
            "cumsum of integers": Case(lambda x: torch.cumsum(x, 0), (whole(9, 500),), "cumsum"),
            "cumprod": Case(lambda x: torch.cumprod(x, 0), (real(40, 3).abs(),), "cumprod"),
            "cummax": Case(lambda x: torch.cummax(x, 1), (ties,), "cummax"),
            "cummin": Case(lambda x: torch.cummin(x, 1), (ties,), "cummin"),
            "logcumsumexp": Case(lambda x: torch.logcumsumexp(x, 1), (real(4, 100),), "logcumsumexp"),
        },
        "indexing": {
            "index with a mask": Case(lambda x, m: x[m], (real(6, 5), real(6, 5) > 0), "index_"),
            "index_put that accumulates": Case(
                lambda x, i, v: x.index_put((i,), v, accumulate=True),
                (real(6, 6), rows, values),
                "",
            ),
            "scatter": Case(
                lambda x, i, v: x.scatter(0, i, v),
                (
                    real(6, 6),
                    torch.stack([rows] * 6, 1).sort(0)[0] + torch.arange(4)[:, None] % 2,
                    values,
                ),
                "",
            ),
            "scatter_add": Case(
                lambda x, i, v: x.scatter_add(0, i, v),
                (real(6, 6), torch.stack([rows] * 6, 1), values),
                "scatter_",
            ),
            "scatter_reduce": Case(
                lambda x, i, v: x.scatter_reduce(0, i, v, "mean"),
                (real(6, 6), torch.stack([rows] * 6, 1), values),
                "scatter_reduce_two_out",
            ),
            "index_reduce": Case(
                lambda x, i, v: x.index_reduce(0, i, v, "amax"),
                (real(6, 6), rows, values),
                "index_reduce",
            ),
            "nonzero": Case(lambda x: torch.nonzero(x > 0), (real(4, 5, 3),), "nonzero"),
            "masked_select": Case(
                lambda x: torch.masked_select(x, x > 0.5),
                (real(7, 8),),
                "masked_select",
            ),
            "masked_scatter": Case(
                lambda x, m, v: x.masked_scatter(m, v),
                (real(6, 5), real(6, 5) > 0, real(30)),
                "masked_scatter",
            ),
            "repeat_interleave": Case(
                lambda x, n: torch.repeat_interleave(x, n, 0),
                (real(4, 3), torch.tensor([2, 0, 1, 3])),
                "repeat_interleave_",
            ),
            "embedding_bag": Case(
                lambda i, o, w: F.embedding_bag(i, w, o, mode="mean"),
                (whole(9, 12), torch.tensor([0, 3, 3, 10]), real(9, 5)),
                "_embedding_bag",
            ),
        },
        "taken apart": {
            "antialiased": Case(
                lambda x: F.interpolate(x, (5, 20), mode="bicubic", antialias=True), (image,), "", 1e-4
            ),
            "volumes": Case(
                lambda x, g: F.grid_sample(x, g, padding_mode="reflection", align_corners=False),
                (volume, real(2, 3, 4, 5, 3)),
                "",
                1e-4,
            ),
            "bilinear": Case(lambda a, b, w: F.bilinear(a, b, w), (real(6, 3), real(6, 5), real(4, 3, 5)), "", 1e-4),
            "unpooling": Case(
                lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2), (real(2, 3, 8, 8),), ""
            ),
            "pinv": Case(torch.linalg.pinv, (real(2, 5, 3),), "aten::_linalg_svd", 1e-3),
            "pdist": Case(F.pdist, (real(6, 3),), "", 1e-4),
            "nonzero_static": Case(lambda x: torch.nonzero_static(x > 0, size=9), (real(4, 5),), ""),
        },
        "complex": {
            "complex": Case(lambda a, b: torch.view_as_real(torch.complex(a, b)), (real(4, 6), real(4, 6)), ""),
            "polar": Case(
                lambda a, b: torch.view_as_real(torch.polar(a, b)),
                (real(4, 6).abs(), real(4, 6)),
                "polar",
            ),
            "product": Case(
                lambda x, y: torch.view_as_real(torch.view_as_complex(x) * torch.view_as_complex(y)),
                (complex_pairs, real(5, 7, 2)),
                "mul_",
            ),
            "sum": Case(
                lambda x, y: torch.view_as_real(torch.view_as_complex(x) + torch.view_as_complex(y)),
                (complex_pairs, real(5, 7, 2)),
                "add_",
            ),
            "absolute value": Case(lambda x: torch.view_as_complex(x).abs(), (complex_pairs,), "abs"),
            "angle": Case(lambda x: torch.view_as_complex(x).angle(), (complex_pairs,), ""),
        },
    }


torch.manual_seed(1)
LINEAR, KERNEL = real(10, 24), real(8, 4, 3, 3)


def flatten(value) -> list[torch.Tensor]:
    return [value] if isinstance(value, torch.Tensor) else [item for part in value for item in flatten(part)]


class Family(torch.nn.Module):
    """All cases of a family behind one another; constants are weights."""

    def __init__(self, family: dict[str, Case]) -> None:
        super().__init__()
        self.family = family

    def forward(self, *inputs):
        outputs, position = [], 0
        for case in self.family.values():
            count = len(case.inputs)
            outputs += flatten(case.function(*inputs[position : position + count]))
            position += count
        return tuple(outputs)


@pytest.fixture(scope="module", params=cases().keys())
def family(request, tmp_path_factory):
    """A family's cases, its file, and what its run answered."""
    from hearth.export import save

    chosen = cases()[request.param]
    inputs = tuple(tensor for case in chosen.values() for tensor in case.inputs)
    folder = tmp_path_factory.mktemp(request.param)
    path = folder / "family.pt2"
    save(path, Family(chosen).eval(), inputs, targets="cpu-x86_64-v3")
    answers = run_method(path, "forward", [tensor.numpy() for tensor in inputs], folder)
    return chosen, path, answers


def test_operators_answer_as_eager_pytorch(family):
    chosen, _, answers = family
    position, wrong = 0, []
    for name, case in chosen.items():
        for expected in flatten(case.function(*case.inputs)):
            actual = answers[position]
            position += 1
            same_form = actual.dtype == expected.numpy().dtype and actual.shape == tuple(expected.shape)
            if not same_form or not np.allclose(
                actual, expected.numpy(), case.tolerance, case.tolerance, equal_nan=True
            ):
                wrong.append(name)
    assert position == len(answers)
    assert wrong == []


def test_operators_are_left_to_the_runtime(family):
    from hearth.export.elf import read_elf

    chosen, path, _ = family
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        imports = read_elf(archive.read(next(name for name in names if name.endswith("model.so")))).imports
        nodes = next((name for name in names if name.endswith("fallback_nodes.json")), None)
        called = {node["node"]["target"] for node in json.loads(archive.read(nodes))["nodes"]} if nodes else set()

    def is_called(symbol: str) -> bool:
        return symbol in called if "::" in symbol else any(i.startswith(f"aoti_torch_cpu_{symbol}") for i in imports)

    assert [name for name, case in chosen.items() if case.symbol and not is_called(case.symbol)] == []
