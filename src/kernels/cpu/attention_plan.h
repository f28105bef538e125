#pragma once

#include "kernels/attention_operands.h"
#include "kernels/cpu/micro_kernels.h"

namespace hearth {

/// Keys that scores are computed for at a time: a multiple of every panel, and a page of a KeyValueCache.
inline constexpr int64_t kKeysOfBlock = KeyValueCache::kTokensOfPage;

/// Sizes that follow from an attention's operands and the instruction set. An element is what TileKernels calls one:
/// a float or, with `pairs`, two bfloat16 numbers.
struct AttentionPlan {
  AttentionPlan(const MicroKernels& kernels, const AttentionOperands& operands);

  const TileKernels* tiles = nullptr;
  bool packs = false;  ///< Keys and values are rearranged in panels before the work starts.
  bool pairs = false;  ///< Products of bfloat16 numbers.
  int64_t queries_of_block = 0;
  int64_t query_blocks = 0;
  int64_t panel = 0;         ///< Columns of a panel.
  int64_t first_key = 0;     ///< Keys before it are not looked at; a multiple of kKeysOfBlock.
  int64_t padded_keys = 0;   ///< Keys from there on, rounded up to whole panels.
  int64_t padded_depth = 0;  ///< Depth, rounded up to whole vectors.
  int64_t key_elements = 0;  ///< Of a packed key.
  int64_t row_stride = 0;    ///< Of queries, sums and loaded rows, in elements: an odd number of cache lines.
  int64_t scores_stride = 0;
  int64_t weights_stride = 0;  ///< In elements.

  /// Elements that hold so many numbers of a product's depth.
  int64_t elements(int64_t numbers) const;
  /// Elements of the packed keys, and of the packed values, of one head.
  int64_t packed_keys_size() const { return padded_keys * key_elements; }
  int64_t packed_values_size() const { return packed_value_rows() * padded_depth; }
  int64_t packed_value_rows() const { return pairs ? padded_keys / 2 : padded_keys; }
  /// Elements that packing a panel needs for its rows, and for a row as floats behind them.
  int64_t packing_size() const { return lines_size() + row_stride; }
  int64_t lines_size() const { return panel * std::max(key_elements, row_stride); }
};

}  // namespace hearth
