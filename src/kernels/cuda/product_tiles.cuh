// Products of 16-bit numbers, tile by tile on tensor cores.
#pragma once

#include "product_finish.cuh"
#include "tensor_core_tile.cuh"

namespace hearth::gpu {

using WideTile = TileShape<128, 256, 4, 4>;
using LargeTile = TileShape<128, 128, 2, 3>;
using SmallTile = TileShape<64, 64, 2, 4>;

/// grid: x: tiles, y: splits of the depth, z: the batch. Dynamic shared memory: kStages · kStageBytes.
template <typename Number, class Shape, Order kOrderOfA, Order kOrderOfB>
__device__ void multiply_tiles(const Product& product) {
  using Sums = TileSums<Number, Number, float, Shape, kOrderOfA, kOrderOfB>;
  extern __shared__ __align__(128) std::byte shared[];
  const TilePlace place = place_of_tile(static_cast<int>(blockIdx.x), (product.rows - 1) / Shape::kRows + 1,
                                        (product.columns - 1) / Shape::kColumns + 1);
  const int first_row = place.row * Shape::kRows;
  const int first_column = place.column * Shape::kColumns;
  const DepthRange range = depth_of_split(product);
  const int64_t batch = blockIdx.z;

  Sums sums;
  sums.add({address_of<const Number>(product.a, batch, 0, 0), product.a.row_stride, product.a.column_stride, first_row,
            product.rows},
           {address_of<const Number>(product.b, batch, 0, 0), product.b.column_stride, product.b.row_stride,
            first_column, product.columns},
           range.begin, range.end, shared, [](const auto&) {});
  sums.give(shared, [&](int tile_row, int tile_column, const typename Sums::Pair& pair) {
    const int row = first_row + tile_row;
    const int column = first_column + tile_column;
    if (row >= product.rows || column >= product.columns) return;
    finish_or_keep<Number>(product, batch, row, column, pair.first, pair.second);
  });
}

}  // namespace hearth::gpu

#define HEARTH_TILES(name, Number, Shape, order_of_a, order_of_b, blocks)                     \
  extern "C" __global__ void __launch_bounds__(hearth::gpu::Shape::kThreads, blocks)          \
      name(const __grid_constant__ hearth::gpu::Product product) {                            \
    using hearth::gpu::Order;                                                                 \
    hearth::gpu::multiply_tiles<Number, hearth::gpu::Shape, order_of_a, order_of_b>(product); \
  }

// Functions are named after the tile, and after what lies side by side in a and in b.
#define HEARTH_PRODUCT_TILES(Number)                                                      \
  HEARTH_TILES(wide_depth_depth, Number, WideTile, Order::kDepth, Order::kDepth, 1)       \
  HEARTH_TILES(large_depth_depth, Number, LargeTile, Order::kDepth, Order::kDepth, 2)     \
  HEARTH_TILES(large_depth_across, Number, LargeTile, Order::kDepth, Order::kAcross, 2)   \
  HEARTH_TILES(large_across_depth, Number, LargeTile, Order::kAcross, Order::kDepth, 2)   \
  HEARTH_TILES(large_across_across, Number, LargeTile, Order::kAcross, Order::kAcross, 2) \
  HEARTH_TILES(small_depth_depth, Number, SmallTile, Order::kDepth, Order::kDepth, 4)     \
  HEARTH_TILES(small_depth_across, Number, SmallTile, Order::kDepth, Order::kAcross, 4)   \
  HEARTH_TILES(small_across_depth, Number, SmallTile, Order::kAcross, Order::kDepth, 4)   \
  HEARTH_TILES(small_across_across, Number, SmallTile, Order::kAcross, Order::kAcross, 4) \
  HEARTH_TILES(small_any, Number, SmallTile, Order::kAny, Order::kAny, 3)
