// Products of few rows, as each step of a language model has them: what matters is to read b once, 16 bytes at a time.
#pragma once

#include "product_finish.cuh"

namespace hearth::gpu {

constexpr int kRowsThreads = 128;

/// Up to 16 bytes of numbers, as float; zeros beyond `count` of them.
template <typename Number, int kCount = 16 / sizeof(Number)>
__device__ void load_numbers(float (&to)[kCount], const Number* from, int count) {
  struct alignas(16) Numbers {
    Number at[kCount];
  };
  if (count >= kCount) {
    const Numbers numbers = *reinterpret_cast<const Numbers*>(from);
#pragma unroll
    for (int i = 0; i < kCount; ++i) to[i] = to_float(numbers.at[i]);
  } else {
#pragma unroll
    for (int i = 0; i < kCount; ++i) to[i] = i < count ? to_float(from[i]) : 0.0F;
  }
}

/// The sum over the block's threads of each of `sums`, in `shared` [kCount][warps] summed up by sum_of_warps().
template <int kCount>
__device__ void add_over_block(float (&sums)[kCount], float (&shared)[kCount][kRowsThreads / 32]) {
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2) {
      sums[i] += __shfl_xor_sync(0xFFFFFFFFU, sums[i], distance);
    }
    if (threadIdx.x % 32 == 0) shared[i][threadIdx.x / 32] = sums[i];
  }
  __syncthreads();
}

__device__ inline float sum_of_warps(const float (&sums)[kRowsThreads / 32]) {
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/// Each block computes two columns of kRows rows. a and b: neighbours along the depth are adjacent, from 16-byte
/// boundaries on. grid: x: pairs of columns, y: kRows rows each, z: the batch.
template <typename Number, int kRows>
__device__ void multiply_rows(const Product& product) {
  constexpr int kCount = 16 / sizeof(Number);
  __shared__ float shared[2 * kRows][kRowsThreads / 32];
  const int64_t batch = blockIdx.z;
  const int column = static_cast<int>(blockIdx.x) * 2;
  const int first_row = static_cast<int>(blockIdx.y) * kRows;
  const bool has_next = column + 1 < product.columns;
  const Number* b = address_of<const Number>(product.b, batch, 0, column);
  const Number* next_b = has_next ? b + product.b.column_stride : b;

  float sums[2 * kRows] = {};
  for (int k = static_cast<int>(threadIdx.x) * kCount; k < product.depth; k += kRowsThreads * kCount) {
    const int count = product.depth - k;
    float weights[kCount];
    float next_weights[kCount];
    load_numbers(weights, b + k, count);
    load_numbers(next_weights, next_b + k, count);
#pragma unroll
    for (int row = 0; row < kRows; ++row) {
      float numbers[kCount];
      load_numbers(numbers, address_of<const Number>(product.a, batch, min(first_row + row, product.rows - 1), k),
                   count);
#pragma unroll
      for (int i = 0; i < kCount; ++i) {
        sums[2 * row] += numbers[i] * weights[i];
        sums[2 * row + 1] += numbers[i] * next_weights[i];
      }
    }
  }

  add_over_block(sums, shared);
  const int row = static_cast<int>(threadIdx.x);
  if (row < kRows && first_row + row < product.rows) {
    finish<Number>(product, batch, first_row + row, column, sum_of_warps(shared[2 * row]),
                   sum_of_warps(shared[2 * row + 1]));
  }
}

}  // namespace hearth::gpu

#define HEARTH_ROWS(rows, Number)                                         \
  extern "C" __global__ void __launch_bounds__(hearth::gpu::kRowsThreads) \
      rows_##rows(const __grid_constant__ hearth::gpu::Product product) { \
    hearth::gpu::multiply_rows<Number, rows>(product);                    \
  }

#define HEARTH_PRODUCT_ROWS(Number)                                                             \
  HEARTH_ROWS(1, Number)                                                                        \
  HEARTH_ROWS(2, Number)                                                                        \
  HEARTH_ROWS(4, Number)                                                                        \
  HEARTH_ROWS(8, Number)                                                                        \
  extern "C" __global__ void add_splits(const __grid_constant__ hearth::gpu::Product product) { \
    hearth::gpu::finish_splits<Number>(product);                                                \
  }
