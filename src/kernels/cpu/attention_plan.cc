#include "kernels/cpu/attention_plan.h"

#include <algorithm>

namespace hearth {
namespace {

/// Fewer queries than this read keys and values where they lie: rearranging them would cost more than it saves.
constexpr int64_t kFewQueries = 8;
constexpr int64_t kQueriesOfBlock = 64;
constexpr int64_t kCacheLine = 16;

int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

}  // namespace

AttentionPlan::AttentionPlan(const MicroKernels& kernels, const AttentionOperands& operands) {
  packs = operands.queries >= kFewQueries;
  pairs = packs && kernels.bfloat16 && operands.query.dtype() == DType::kBFloat16;
  tiles = pairs ? kernels.bfloat16 : &kernels;
  queries_of_block = std::min(round_up(kQueriesOfBlock, tiles->tile_rows), std::max<int64_t>(operands.queries, 1));
  query_blocks = (operands.queries + queries_of_block - 1) / queries_of_block;
  panel = tiles->panel_width();
  first_key = operands.keys_begin(0) / kKeysOfBlock * kKeysOfBlock;
  padded_keys = round_up(operands.keys - first_key, panel);
  padded_depth = round_up(operands.depth, tiles->lanes);
  key_elements = elements(operands.depth);
  row_stride = (round_up(operands.depth, kCacheLine) / kCacheLine | 1) * kCacheLine;
  scores_stride = kKeysOfBlock + kCacheLine;
  weights_stride = pairs ? kKeysOfBlock / 2 + kCacheLine : 0;
}

int64_t AttentionPlan::elements(int64_t numbers) const {
  return pairs ? round_up((numbers + 1) / 2, tiles->depth_step) : numbers;
}

}  // namespace hearth
