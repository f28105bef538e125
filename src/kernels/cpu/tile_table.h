#pragma once

#include "kernels/cpu/tile_kernel.h"

namespace hearth {

/// The functions of `Tiles` for every number of rows and vectors, as TileKernels wants them.
template <class Tiles>
struct TileTable {
  TileKernels::Tile tiles[Tiles::kTileVectors * Tiles::kTileRows];

  constexpr TileTable() : tiles{} { fill<Tiles::kTileVectors, Tiles::kTileRows>(); }

 private:
  template <int kVectors, int kRows>
  constexpr void fill() {
    tiles[(kVectors - 1) * Tiles::kTileRows + kRows - 1] = Tiles::template kTile<kRows, kVectors>;
    if constexpr (kRows > 1) {
      fill<kVectors, kRows - 1>();
    } else if constexpr (kVectors > 1) {
      fill<kVectors - 1, Tiles::kTileRows>();
    }
  }
};

template <class Tiles>
inline constexpr TileTable<Tiles> kTileTable;

}  // namespace hearth
