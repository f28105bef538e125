#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/block_weights.h"

namespace hearth {

/// How many bytes stand for a number of x: two are as good as weights of few bits deserve, three as good as a float.
enum class BlockPrecision : uint8_t { kTwoBytes, kThreeBytes };

inline constexpr int64_t kBlockPrecisions = 2;

constexpr int64_t block_planes(BlockPrecision precision) { return precision == BlockPrecision::kTwoBytes ? 2 : 3; }

/// Rows of numbers as block kernels multiply them: in groups of 32, with an integer of 16 or 24 bits for each number,
/// x = scale · (256 · (256 · high + middle) + low). Its signed bytes lie in planes, the high ones first.
struct BlockRows {
  int8_t* numbers = nullptr;  ///< [rows][groups][planes][32]
  float* scales = nullptr;    ///< [rows][groups]; NaN for a group with a number that is not finite.
  int32_t* sums = nullptr;    ///< [rows][groups][planes], of the bytes.
  int64_t groups = 0;
  BlockPrecision precision = BlockPrecision::kTwoBytes;

  BlockRows from(int64_t row) const {
    const int64_t group = row * groups;
    const int64_t plane = group * block_planes(precision);
    return {numbers + plane * kGroupDepth, scales + group, sums + plane, groups, precision};
  }
};

/// result[r][n] = Σ_k x[r][k] · w[n][k], for some rows of x and the 16 rows of w that a panel holds.
struct BlockTile {
  BlockRows rows;
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
  /// Fills the first of `rows` from x [depth]; what its last groups have beyond that is 0.
  void (*quantize[kBlockPrecisions])(const float* x, int64_t depth, const BlockRows& rows);
};

}  // namespace hearth
