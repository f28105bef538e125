#!/usr/bin/env python3
"""Compiles the Triton kernels that the interpreter's tests run. Needs triton 3.7.1; no GPU.

usage: triton_kernels.py      writes triton_*.ptx beside itself
"""

from pathlib import Path

import triton
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource


@triton.jit
def softmax(x, y, n, block: tl.constexpr):
    at = tl.arange(0, block)
    mask = at < n
    row = tl.program_id(0) * n
    value = tl.load(x + row + at, mask=mask, other=-float("inf"))
    value = tl.exp(value - tl.max(value, 0))
    tl.store(y + row + at, value / tl.sum(value, 0), mask=mask)


@triton.jit
def layernorm(x, weight, bias, y, n, epsilon, block: tl.constexpr):
    at = tl.arange(0, block)
    mask = at < n
    row = tl.program_id(0) * n
    value = tl.load(x + row + at, mask=mask, other=0.0).to(tl.float32)
    centred = tl.where(mask, value - tl.sum(value, 0) / n, 0.0)
    scale = tl.rsqrt(tl.sum(centred * centred, 0) / n + epsilon)
    result = centred * scale * tl.load(weight + at, mask=mask) + tl.load(bias + at, mask=mask)
    tl.store(y + row + at, result, mask=mask)


@triton.jit
def matmul(a, b, c, m, n, k, tile_rows: tl.constexpr, tile_columns: tl.constexpr, tile_depth: tl.constexpr):
    rows = tl.program_id(0) * tile_rows + tl.arange(0, tile_rows)[:, None]
    columns = tl.arange(0, tile_columns)[None, :]
    depth = tl.arange(0, tile_depth)
    total = tl.zeros((tile_rows, tile_columns), tl.float32)
    for start in range(0, k, tile_depth):
        left = tl.load(a + rows * k + start + depth[None, :], mask=(rows < m) & (start + depth[None, :] < k), other=0.0)
        right = tl.load(
            b + (start + depth[:, None]) * n + columns, mask=(start + depth[:, None] < k) & (columns < n), other=0.0
        )
        total = tl.dot(left, right, total)
    tl.store(c + rows * n + columns, total, mask=(rows < m) & (columns < n))


def compile_kernel(kernel, signature: dict[str, str], constants: dict[str, int], aligned: str) -> None:
    names = list(kernel.arg_names)
    attributes = {(names.index(name),): [["tt.divisibility", 16]] for name in aligned.split()}
    signature = signature | dict.fromkeys(constants, "constexpr")
    source = ASTSource(fn=kernel, signature=signature, constexprs=constants, attrs=attributes)
    compiled = triton.compile(source, target=GPUTarget("cuda", 80, 32), options={"num_warps": 4, "num_stages": 3})
    text = "\n".join(
        line for line in compiled.asm["ptx"].split("\n") if not line.lstrip().startswith((".loc", ".file"))
    )
    name = kernel.fn.__name__
    Path(__file__).with_name(f"triton_{name}.ptx").write_text(text.split("\t.section\t.debug_abbrev")[0])
    print(name, "shared bytes:", compiled.metadata.shared)


def main() -> None:
    compile_kernel(softmax, {"x": "*fp32", "y": "*fp32", "n": "i32"}, {"block": 1024}, "x y")
    inputs = {"x": "*bf16", "weight": "*fp32", "bias": "*fp32", "y": "*bf16", "n": "i32", "epsilon": "fp32"}
    compile_kernel(layernorm, inputs, {"block": 512}, "x weight bias y")
    inputs = {"a": "*bf16", "b": "*bf16", "c": "*fp32", "m": "i32", "n": "i32", "k": "i32"}
    compile_kernel(matmul, inputs, {"tile_rows": 32, "tile_columns": 64, "tile_depth": 32}, "a b c n k")


if __name__ == "__main__":
    main()
