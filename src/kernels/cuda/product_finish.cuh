// What happens to the sums of a product: they are finished and rounded once, or kept for others to be added to.
#pragma once

#include "activation.cuh"
#include "matmul_parameters.h"
#include "tensor_core.cuh"

namespace hearth::gpu {

template <typename Number>
__device__ Number* address_of(const Matrices& matrices, int64_t batch, int64_t row, int64_t column) {
  return static_cast<Number*>(matrices.data) + batch * matrices.batch_stride + row * matrices.row_stride +
         column * matrices.column_stride;
}

template <typename Number>
__device__ float finished(const Product& product, int64_t batch, int64_t row, int64_t column, float sum) {
  float value = product.alpha * sum;
  if (product.added.data != nullptr) {
    value += product.beta * to_float(*address_of<Number>(product.added, batch, row, column));
  }
  if (product.bias.data != nullptr) {
    value += product.bias_is_float32 != 0 ? *address_of<float>(product.bias, 0, row, column)
                                          : to_float(*address_of<Number>(product.bias, 0, row, column));
  }
  return activated(product.activation, value);
}

/// Two neighbours that are stored at once.
template <typename Number>
struct alignas(2 * sizeof(Number)) NumberPair {
  Number first;
  Number second;
};

/// Stores the results of `column`, which is one of the product's, and of the next, which need not be.
template <typename Number>
__device__ void finish(const Product& product, int64_t batch, int64_t row, int64_t column, float sum, float next_sum) {
  Number* to = address_of<Number>(product.out, batch, row, column);
  const Number value = from_float<Number>(finished<Number>(product, batch, row, column, sum));
  if (column + 1 >= product.columns) {
    *to = value;
    return;
  }
  const Number next = from_float<Number>(finished<Number>(product, batch, row, column + 1, next_sum));
  if (product.out.column_stride == 1 && reinterpret_cast<uintptr_t>(to) % sizeof(NumberPair<Number>) == 0) {
    *reinterpret_cast<NumberPair<Number>*>(to) = {value, next};
  } else {
    *to = value;
    to[product.out.column_stride] = next;
  }
}

/// The same for sums that may be those of one split only.
template <typename Number>
__device__ void finish_or_keep(const Product& product, int64_t batch, int64_t row, int64_t column, float sum,
                               float next_sum) {
  if (product.splits == 1) {
    finish<Number>(product, batch, row, column, sum, next_sum);
    return;
  }
  const int64_t matrix = static_cast<int64_t>(blockIdx.y) * product.batches + batch;
  float* to = product.partial_sums + (matrix * product.rows + row) * product.columns + column;
  to[0] = sum;
  if (column + 1 < product.columns) to[1] = next_sum;
}

/// Adds the splits up, in their order. grid.x · block.x threads: one for each pair of columns of each row; grid.z: the
/// batch.
template <typename Number>
__device__ void finish_splits(const Product& product) {
  const int64_t pairs = (product.columns + 1) / 2;
  const int64_t index = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const int64_t row = index / pairs;
  const int64_t column = index % pairs * 2;
  if (row >= product.rows) return;
  const bool has_next = column + 1 < product.columns;
  const int64_t matrix = static_cast<int64_t>(product.rows) * product.columns;
  const float* from = product.partial_sums + blockIdx.z * matrix + row * product.columns + column;
  float sum = 0;
  float next_sum = 0;
  for (int split = 0; split < product.splits; ++split) {
    sum += from[0];
    if (has_next) next_sum += from[1];
    from += product.batches * matrix;
  }
  finish<Number>(product, blockIdx.z, row, column, sum, next_sum);
}

/// Which tile of the result a block computes.
struct TilePlace {
  int row;  ///< Counted in tiles.
  int column;
};

/// Blocks that follow one another share the operands of a few tiles, which so stay in the second-level cache.
__device__ inline TilePlace place_of_tile(int tile, int row_tiles, int column_tiles) {
  constexpr int kRowsAtOnce = 8;
  const int group_tiles = kRowsAtOnce * column_tiles;
  const int first_row = tile / group_tiles * kRowsAtOnce;
  const int group_rows = min(row_tiles - first_row, kRowsAtOnce);
  return {first_row + tile % group_tiles % group_rows, tile % group_tiles / group_rows};
}

/// The piece of the depth that a block sums.
struct DepthRange {
  int begin;
  int end;
};

__device__ inline DepthRange depth_of_split(const Product& product) {
  if (product.splits == 1) return {0, product.depth};
  const int begin = static_cast<int>(blockIdx.y) * product.split_depth;
  return {begin, min(begin + product.split_depth, product.depth)};
}

}  // namespace hearth::gpu
