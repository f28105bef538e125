#pragma once

#include "kernels/cpu/attention_kernel.h"
#include "kernels/cpu/depthwise_kernel.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/cpu/tile_kernel.h"
#include "kernels/cpu/vector_math.h"

namespace hearth {

// Everything that these headers make is a template over the instruction set and calls no library function, so that no
// code for one processor is ever linked into a call on another.

template <class Isa>
struct TileTable {
  MicroKernels::Tile tiles[Isa::kTileVectors * Isa::kTileRows];

  constexpr TileTable() : tiles{} { fill<Isa::kTileVectors, Isa::kTileRows>(); }

 private:
  template <int kVectors, int kRows>
  constexpr void fill() {
    tiles[(kVectors - 1) * Isa::kTileRows + kRows - 1] = compute_tile<Isa, kRows, kVectors>;
    if constexpr (kRows > 1) {
      fill<kVectors, kRows - 1>();
    } else if constexpr (kVectors > 1) {
      fill<kVectors - 1, Isa::kTileRows>();
    }
  }
};

template <class Isa>
inline constexpr TileTable<Isa> kTileTable;

template <class Isa>
constexpr MicroKernels micro_kernel_table() {
  return {Isa::kName,        Isa::kLanes,           Isa::kTileRows,
          Isa::kTileVectors, kTileTable<Isa>.tiles, convolve_depthwise<Isa>,
          activate<Isa>,     dot_product<Isa>,      exponentiate<Isa>};
}

}  // namespace hearth
