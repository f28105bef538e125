// Products of few rows of bytes: as product_rows.cuh, by dp4a.
#pragma once

#include "block_sums.cuh"
#include "integer_finish.cuh"

namespace hearth::gpu {

/// sum + the products of four neighbours. b: signed.
template <typename Number>
__device__ int32_t add_four(int32_t sum, uint32_t a, uint32_t b);

template <>
__device__ inline int32_t add_four<int8_t>(int32_t sum, uint32_t a, uint32_t b) {
  asm("dp4a.s32.s32 %0, %1, %2, %0;" : "+r"(sum) : "r"(a), "r"(b));
  return sum;
}
template <>
__device__ inline int32_t add_four<uint8_t>(int32_t sum, uint32_t a, uint32_t b) {
  asm("dp4a.u32.s32 %0, %1, %2, %0;" : "+r"(sum) : "r"(a), "r"(b));
  return sum;
}

/// 16 bytes.
struct alignas(16) BytePiece {
  uint32_t fours[4];
};
__device__ inline BytePiece load_bytes(const void* from) { return *static_cast<const BytePiece*>(from); }

/// Each block computes two columns of up to kRows rows. grid.x: pairs of columns.
template <typename Number, int kRows>
__device__ void multiply_byte_rows(const IntegerProduct& product) {
  constexpr int kStep = kSumThreads * 16;
  constexpr int kAhead = 4;             // Pieces of each column that a thread has under way.
  constexpr int kSums = 2 * kRows + 2;  // Of two columns: with each row, and on their own for a's zero point.
  __shared__ WarpSums<int32_t> shared[kSums];
  const int column = static_cast<int>(blockIdx.x) * 2;
  const auto* a = static_cast<const Number*>(product.a);
  const auto* b = static_cast<const int8_t*>(product.b) + column * product.b_column_stride;
  const auto* next_b = column + 1 < product.columns ? b + product.b_column_stride : b;

  const auto a_at = [&](int row) { return a + min(row, product.rows - 1) * product.a_row_stride; };

  int32_t sums[kSums] = {};
  const int whole = product.depth / 16 * 16;
  for (int begin = static_cast<int>(threadIdx.x) * 16; begin < whole; begin += kAhead * kStep) {
    BytePiece weights[kAhead];
    BytePiece next_weights[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const int k = begin + i * kStep;
      weights[i] = k < whole ? load_bytes(b + k) : BytePiece();
      next_weights[i] = k < whole ? load_bytes(next_b + k) : BytePiece();
    }
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const int k = begin + i * kStep;
      if (k >= whole) break;
#pragma unroll
      for (int row = 0; row < kRows; ++row) {
        const BytePiece numbers = load_bytes(a_at(row) + k);
#pragma unroll
        for (int four = 0; four < 4; ++four) {
          sums[2 * row] = add_four<Number>(sums[2 * row], numbers.fours[four], weights[i].fours[four]);
          sums[2 * row + 1] = add_four<Number>(sums[2 * row + 1], numbers.fours[four], next_weights[i].fours[four]);
        }
      }
      if constexpr (kIsUnsigned<Number>) {
#pragma unroll
        for (int four = 0; four < 4; ++four) {
          sums[2 * kRows] = add_four<int8_t>(sums[2 * kRows], kFourOnes, weights[i].fours[four]);
          sums[2 * kRows + 1] = add_four<int8_t>(sums[2 * kRows + 1], kFourOnes, next_weights[i].fours[four]);
        }
      }
    }
  }
  if (const int k = whole + static_cast<int>(threadIdx.x); k < product.depth) {
#pragma unroll
    for (int row = 0; row < kRows; ++row) {
      sums[2 * row] += a_at(row)[k] * b[k];
      sums[2 * row + 1] += a_at(row)[k] * next_b[k];
    }
    sums[2 * kRows] += b[k];
    sums[2 * kRows + 1] += next_b[k];
  }

  add_over_block(sums, shared);
  const int row = static_cast<int>(threadIdx.x) / 2;
  const int next = static_cast<int>(threadIdx.x) % 2;
  if (row < kRows && row < product.rows && column + next < product.columns) {
    const int32_t column_sum = shared[2 * kRows + next].total();
    finish_integer(product, row, column + next, shared[2 * row + next].total() - product.a_zero * column_sum);
  }
}

}  // namespace hearth::gpu
