#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "hearth/tensor.h"

namespace hearth {

/// How the weights of a linear layer or table lie in blocks of few bits.
///
/// The N rows of a matrix [N, K] stand in panels of 16, the last filled up with zeros; a panel is a sequence of blocks
/// of its 16 rows and 64 depths, the last filled up likewise, so that a product reads memory in one stream. In a block,
/// depths are in 2 groups of 32; each row of a group has a scale of its own. Bytes of a block:
///   scales    [2 groups][16 rows] float16
///   minimums  [2 groups][16 rows] float16, kNibblesFromMinimum only
///   numbers   [2 groups][4 or 8 quads][16 rows][4]: byte (quad, row, i) is depth 4 · quad + i of the group. Of 4
///             quads it holds that depth in its low nibble, and in its high one the depth 16 further.
enum class BlockFormat : uint8_t {
  kNibbles,             ///< "q4": weight = (number - 8) · scale
  kNibblesFromMinimum,  ///< "q4-asym": weight = number · scale + minimum
  kBytes,               ///< "q8": weight = (number - 128) · scale
};

inline constexpr int64_t kBlockFormats = 3;
inline constexpr int64_t kBlockRows = 16;
inline constexpr int64_t kBlockDepth = 64;
inline constexpr int64_t kGroupDepth = 32;
inline constexpr int64_t kBlockGroups = kBlockDepth / kGroupDepth;

/// By its name in quotes above. kInvalidArgument lists what there is.
Result<BlockFormat> parse_block_format(std::string_view name);

/// Bytes of one block.
constexpr int64_t block_bytes(BlockFormat format) {
  constexpr int64_t kHalf = 2;
  constexpr int64_t kHeader = kBlockGroups * kBlockRows * kHalf;
  constexpr int64_t kNumbers = kBlockRows * kBlockDepth;
  if (format == BlockFormat::kBytes) return kHeader + kNumbers;
  return (format == BlockFormat::kNibbles ? kHeader : 2 * kHeader) + kNumbers / 2;
}

/// A matrix [rows, depth] in blocks.
struct BlockWeights {
  Tensor data;  ///< uint8 [panels, blocks of a panel, block_bytes], row-major.
  BlockFormat format = BlockFormat::kNibbles;
  int64_t rows = 0;

  int64_t panel_count() const { return data.size(0); }
  int64_t blocks_of_panel() const { return data.size(1); }
  const std::byte* panel(int64_t index) const {
    return static_cast<const std::byte*>(data.data()) + index * blocks_of_panel() * block_bytes(format);
  }
};

/// kInvalidArgument, in the name of `op`, unless the weights' data has the shape that their rows and `depth` ask for.
Status check_block_weights(std::string_view op, const BlockWeights& weights, int64_t depth);

/// Row `row` as numbers, the first values.size() depths of it.
void read_block_row(const BlockWeights& weights, int64_t row, std::span<float> values);

}  // namespace hearth
