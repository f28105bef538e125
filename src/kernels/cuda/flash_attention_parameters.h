#pragma once

#include <cstdint>

namespace hearth::gpu {

/// Rows of one operand [batch, head, token, element], strides in elements.
struct AttentionRowsOnGpu {
  int64_t strides[4];
  int32_t vectors;  ///< Not 0: elements are adjacent, and every row begins at a multiple of 16 bytes.
};

/// What flash_attention*.cu compute: softmax(scale · query · keyᵀ + mask) · value.
struct FlashAttentionShape {
  int32_t queries;
  int32_t keys;
  int32_t depth;
  int32_t heads_per_key_head;
  int32_t causal;          ///< Not 0: query i sees keys 0 to i.
  float scale;             ///< Above 0.
  int64_t lengths_stride;  ///< Of the texts' lengths, int64.
  AttentionRowsOnGpu query;
  AttentionRowsOnGpu key;
  AttentionRowsOnGpu value;
  AttentionRowsOnGpu output;
  int64_t mask_strides[4];       ///< [batch, head, query, key]
  int64_t logsumexp_strides[3];  ///< [batch, head, query]
};

/// A tile of flash_attention.cu: four warps with 16 · row_tiles queries each, by `keys` keys, of heads padded to
/// `depth`.
struct FlashTile {
  static constexpr int kWarps = 4;

  int depth;
  int row_tiles;
  int keys;

  constexpr int queries() const { return kWarps * 16 * row_tiles; }
  /// Elements between rows in shared memory: an odd number of 16 bytes, so that eight rows lie in different banks.
  constexpr int row_stride() const { return depth + 8; }
  constexpr int shared_bytes() const { return (queries() + 2 * keys) * row_stride() * 2; }
};

/// By depth, then by rows.
inline constexpr FlashTile kFlashTiles[] = {
    {32, 1, 64}, {32, 2, 64},  {64, 1, 64},  {64, 2, 64},  {96, 1, 64},
    {96, 2, 64}, {128, 1, 64}, {128, 2, 32}, {256, 1, 32},
};

/// The depths of flash_attention_float32.cu, and its tile.
inline constexpr int kFlashFloat32Depths[] = {32, 64, 96, 128, 256};
inline constexpr int kFlashFloat32Queries = 64;

}  // namespace hearth::gpu
