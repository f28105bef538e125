#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/block_weights.h"

namespace hearth {

/// How many bytes stand for a number of x: two are as good as weights of few bits deserve, three as good as a float.
enum class BlockPrecision : uint8_t { kTwoBytes, kThreeBytes };

inline constexpr int64_t kBlockPrecisions = 2;

constexpr int64_t block_planes(BlockPrecision precision) { return precision == BlockPrecision::kTwoBytes ? 2 : 3; }

/// 32 numbers of a row as block kernels multiply them: x = scale · (256 · (256 · high + middle) + low), with integers
/// of 16 or 24 bits whose signed bytes lie in planes, the high ones first.
template <int64_t kPlanes>
struct BlockGroup {
  int32_t sums[kPlanes];  ///< Of each plane.
  float scale;            ///< NaN where a number is not finite.
  int8_t planes[kPlanes][kGroupDepth];
};

constexpr int64_t block_group_bytes(BlockPrecision precision) {
  return precision == BlockPrecision::kTwoBytes ? sizeof(BlockGroup<2>) : sizeof(BlockGroup<3>);
}

/// result[r][n] = Σ_k x[r][k] · w[n][k], for some rows of x and the 16 rows of w that a panel holds.
struct BlockTile {
  const std::byte* x = nullptr;  ///< BlockGroup [groups][rows of this tile]
  const std::byte* panel = nullptr;
  int64_t blocks = 0;
  float* result = nullptr;
  int64_t result_row = 0;
};

/// Products with weights in blocks for one instruction set. Each sum is made in the order of its depth, whatever the
/// number of rows, so how work is cut never shows in the bits.
struct BlockKernels {
  using Tile = void (*)(const BlockTile&);

  const char* name;
  int tile_rows;
  const Tile* tiles[kBlockPrecisions][kBlockFormats];  ///< [rows - 1]
  /// A row x [depth] as `groups` BlockGroups, `step` bytes from one to the next; what is beyond its depth is 0.
  void (*quantize[kBlockPrecisions])(const float* x, int64_t depth, int64_t groups, std::byte* first, int64_t step);
};

}  // namespace hearth
