// Products of few rows, as each step of a language model has them: what matters is to read b once, 16 bytes at a time.
#pragma once

#include "block_sums.cuh"
#include "product_finish.cuh"

namespace hearth::gpu {

/// 16 bytes of numbers.
template <typename Number>
struct alignas(16) Piece {
  static constexpr int kCount = 16 / sizeof(Number);

  Number at[kCount];
};

template <typename Number>
__device__ Piece<Number> load_piece(const Number* from) {
  return *reinterpret_cast<const Piece<Number>*>(from);
}

/// Each block computes two columns of kRows rows. a and b: neighbours along the depth are adjacent, from 16-byte
/// boundaries on. grid: x: pairs of columns, y: kRows rows each, z: the batch.
template <typename Number, int kRows>
__device__ void multiply_rows(const Product& product) {
  constexpr int kCount = Piece<Number>::kCount;
  constexpr int kStep = kSumThreads * kCount;
  constexpr int kAhead = 4;  // Pieces of each column that a thread has under way: enough to hide the memory's latency.
  __shared__ WarpSums<float> shared[2 * kRows];
  const int64_t batch = blockIdx.z;
  const int column = static_cast<int>(blockIdx.x) * 2;
  const int first_row = static_cast<int>(blockIdx.y) * kRows;
  const bool has_next = column + 1 < product.columns;
  const Number* b = address_of<const Number>(product.b, batch, 0, column);
  const Number* next_b = has_next ? b + product.b.column_stride : b;
  const auto a_at = [&](int row, int k) {
    return address_of<const Number>(product.a, batch, min(first_row + row, product.rows - 1), 0) + k;
  };

  float sums[2 * kRows] = {};
  const int whole = product.depth / kCount * kCount;
  for (int begin = static_cast<int>(threadIdx.x) * kCount; begin < whole; begin += kAhead * kStep) {
    Piece<Number> weights[kAhead];
    Piece<Number> next_weights[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const int k = begin + i * kStep;
      weights[i] = k < whole ? load_piece(b + k) : Piece<Number>();
      next_weights[i] = k < whole ? load_piece(next_b + k) : Piece<Number>();
    }
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const int k = begin + i * kStep;
      if (k >= whole) break;
#pragma unroll
      for (int row = 0; row < kRows; ++row) {
        const Piece<Number> numbers = load_piece(a_at(row, k));
#pragma unroll
        for (int j = 0; j < kCount; ++j) {
          sums[2 * row] += to_float(numbers.at[j]) * to_float(weights[i].at[j]);
          sums[2 * row + 1] += to_float(numbers.at[j]) * to_float(next_weights[i].at[j]);
        }
      }
    }
  }
  if (const int k = whole + static_cast<int>(threadIdx.x); k < product.depth) {
#pragma unroll
    for (int row = 0; row < kRows; ++row) {
      sums[2 * row] += to_float(*a_at(row, k)) * to_float(b[k]);
      sums[2 * row + 1] += to_float(*a_at(row, k)) * to_float(next_b[k]);
    }
  }

  add_over_block(sums, shared);
  const int row = static_cast<int>(threadIdx.x);
  if (row < kRows && first_row + row < product.rows) {
    finish<Number>(product, batch, first_row + row, column, shared[2 * row].total(), shared[2 * row + 1].total());
  }
}

}  // namespace hearth::gpu

#define HEARTH_ROWS(rows, Number)                                         \
  extern "C" __global__ void __launch_bounds__(hearth::gpu::kSumThreads)  \
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
