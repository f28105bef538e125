// Products of bytes on tensor cores, and the bytes of rows of float32.

#include "byte_rows.cuh"
#include "tensor_core_tile.cuh"

namespace hearth::gpu {

namespace {

using LargeTile = TileShape<128, 128, 2, 3>;
using SmallTile = TileShape<64, 64, 2, 4>;

/// Sums of the columns of b: what a zero point of a is to be multiplied by.
template <class Sums, class Shape>
struct ColumnSums {
  int32_t sums[Shape::kColumnBlocks] = {};

  __device__ void add(const uint32_t (&b)[Shape::kColumnBlocks / 2][4]) {
#pragma unroll
    for (int j = 0; j < Shape::kColumnBlocks; ++j) {
      sums[j] = add_four<int8_t>(sums[j], kFourOnes, b[j / 2][j % 2 * 2]);
      sums[j] = add_four<int8_t>(sums[j], kFourOnes, b[j / 2][j % 2 * 2 + 1]);
    }
  }

  /// Of all columns of the tile. A fragment's column is spread over four lanes.
  __device__ void store(int32_t* shared) {
#pragma unroll
    for (int j = 0; j < Shape::kColumnBlocks; ++j) {
      sums[j] += __shfl_xor_sync(0xFFFFFFFFU, sums[j], 1);
      sums[j] += __shfl_xor_sync(0xFFFFFFFFU, sums[j], 2);
      if (Sums::lane() % 4 == 0 && Sums::warp_row() == 0) {
        shared[Sums::warp_column() + j * 8 + Sums::lane() / 4] = sums[j];
      }
    }
  }
};

/// grid.x: tiles. Dynamic shared memory: kStages · kStageBytes, and kColumns sums.
template <typename Number, class Shape>
__device__ void multiply_bytes(const IntegerProduct& product) {
  using Sums = TileSums<Number, int8_t, int32_t, Shape, Order::kDepth, Order::kDepth>;
  extern __shared__ __align__(128) std::byte shared[];
  auto* shared_column_sums = reinterpret_cast<int32_t*>(shared + Shape::kStages * Shape::kStageBytes);
  const TilePlace place = place_of_tile(static_cast<int>(blockIdx.x), (product.rows - 1) / Shape::kRows + 1,
                                        (product.columns - 1) / Shape::kColumns + 1);
  const int first_row = place.row * Shape::kRows;
  const int first_column = place.column * Shape::kColumns;

  Sums sums;
  ColumnSums<Sums, Shape> column_sums;
  sums.add({static_cast<const Number*>(product.a), product.a_row_stride, 1, first_row, product.rows},
           {static_cast<const int8_t*>(product.b), product.b_column_stride, 1, first_column, product.columns}, 0,
           product.depth, shared, [&](const auto& b) {
             if constexpr (kIsUnsigned<Number>) column_sums.add(b);
           });
  if constexpr (kIsUnsigned<Number>) column_sums.store(shared_column_sums);
  sums.give(shared, [&](int tile_row, int tile_column, const typename Sums::Pair& pair) {
    const int row = first_row + tile_row;
#pragma unroll
    for (int next = 0; next < 2; ++next) {
      const int column = first_column + tile_column + next;
      if (row >= product.rows || column >= product.columns) continue;
      int32_t sum = next == 0 ? pair.first : pair.second;
      if constexpr (kIsUnsigned<Number>) sum -= product.a_zero * shared_column_sums[tile_column + next];
      finish_integer(product, row, column, sum);
    }
  });
}

constexpr int kRowThreads = 128;

/// One block for each row.
__device__ void quantize_row(const RowQuantization& rows) {
  __shared__ float shared[kRowThreads / 32];
  const int64_t row = blockIdx.x;
  const float* x = rows.x + row * rows.row_stride;
  float largest = 0.0F;
  for (int64_t i = threadIdx.x; i < rows.columns; i += kRowThreads) {
    largest = fmaxf(largest, fabsf(x[i * rows.column_stride]));
  }
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    largest = fmaxf(largest, __shfl_xor_sync(0xFFFFFFFFU, largest, distance));
  }
  if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = largest;
  __syncthreads();
  largest = fmaxf(fmaxf(shared[0], shared[1]), fmaxf(shared[2], shared[3]));
  const float scale = largest > 0.0F ? largest / 127.0F : 1.0F;
  const float factor = 1.0F / scale;
  if (threadIdx.x == 0) rows.scales[row] = scale;
  for (int64_t i = threadIdx.x; i < rows.columns; i += kRowThreads) {
    rows.bytes[row * rows.bytes_stride + i] =
        static_cast<int8_t>(nearest_byte(x[i * rows.column_stride], factor, 128.0F) - 128.0F);
  }
}

}  // namespace
}  // namespace hearth::gpu

#define HEARTH_BYTES(name, Number, Shape, blocks)                                    \
  extern "C" __global__ void __launch_bounds__(hearth::gpu::Shape::kThreads, blocks) \
      name(const __grid_constant__ hearth::gpu::IntegerProduct product) {            \
    hearth::gpu::multiply_bytes<Number, hearth::gpu::Shape>(product);                \
  }

HEARTH_BYTES(large_signed, int8_t, LargeTile, 2)
HEARTH_BYTES(large_unsigned, uint8_t, LargeTile, 2)
HEARTH_BYTES(small_signed, int8_t, SmallTile, 3)
HEARTH_BYTES(small_unsigned, uint8_t, SmallTile, 3)

#define HEARTH_BYTE_ROWS(rows)                                                              \
  extern "C" __global__ void __launch_bounds__(hearth::gpu::kSumThreads)                    \
      rows_##rows##_signed(const __grid_constant__ hearth::gpu::IntegerProduct product) {   \
    hearth::gpu::multiply_byte_rows<int8_t, rows>(product);                                 \
  }                                                                                         \
  extern "C" __global__ void __launch_bounds__(hearth::gpu::kSumThreads)                    \
      rows_##rows##_unsigned(const __grid_constant__ hearth::gpu::IntegerProduct product) { \
    hearth::gpu::multiply_byte_rows<uint8_t, rows>(product);                                \
  }

HEARTH_BYTE_ROWS(1)
HEARTH_BYTE_ROWS(2)
HEARTH_BYTE_ROWS(4)
HEARTH_BYTE_ROWS(8)

extern "C" __global__ void __launch_bounds__(hearth::gpu::kRowThreads)
    quantize_rows(const __grid_constant__ hearth::gpu::RowQuantization rows) {
  hearth::gpu::quantize_row(rows);
}
