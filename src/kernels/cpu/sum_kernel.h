#pragma once

#include <type_traits>

#include "kernels/cpu/tile_table.h"

namespace hearth {

/// A tile that only sums, c = a · b, unless its sums can be finished in registers by `Finisher` (BlockFinisher, or void
/// for none).
template <class Isa, class Finisher, int kRows, int kVectors>
void sum_tile(const TileArguments& tile) {
  typename Isa::Vector sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    for (int j = 0; j < kVectors; ++j) sums[r][j] = typename Isa::Vector{};
  }
  if constexpr (!std::is_void_v<Finisher>) {
    if (tile.finish) Finisher(*tile.finish).template prefetch<kRows>();
  }
  for (int64_t i = 0; i < tile.run_count; ++i) {
    accumulate<Isa, kRows, kVectors>(tile.runs[i], tile.a_stride, tile.b_stride, sums);
  }
  if constexpr (!std::is_void_v<Finisher>) {
    if (tile.finish) return Finisher(*tile.finish).run(sums);
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    for (int j = 0; j < kVectors; ++j) Isa::store(tile.c + r * tile.c_stride + j * Isa::kLanes, sums[r][j]);
  }
}

template <class Isa, class Finisher>
struct SumTiles {
  static constexpr int kTileRows = Isa::kTileRows;
  static constexpr int kTileVectors = Isa::kTileVectors;
  template <int kRows, int kVectors>
  static constexpr TileKernels::Tile kTile = sum_tile<Isa, Finisher, kRows, kVectors>;
};

/// The sums of an instruction set whose fma() multiplies and adds the narrow elements within each four bytes.
template <class Isa, class Finisher = void>
constexpr TileKernels sum_kernel_table(DType finished = DType::kFloat32) {
  TileKernels kernels{Isa::kName, Isa::kLanes, Isa::kTileRows, Isa::kTileVectors,
                      kTileTable<SumTiles<Isa, Finisher>>.tiles};
  if (!std::is_void_v<Finisher>) kernels.finished = finished;
  return kernels;
}

}  // namespace hearth
