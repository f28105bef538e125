// What both forms of flash_attention have in common: which part of the operands a block works on.
#pragma once

#include "flash_attention_parameters.h"

namespace hearth::gpu {

/// Operands that are null are left out.
template <typename Number>
struct AttentionOperandsOnGpu {
  const Number* query;
  const Number* key;
  const Number* value;
  const Number* mask;
  const int64_t* lengths;
  Number* output;
  float* logsumexp;
};

/// The operands of one head (block y) of one batch entry (z), and the tile of queries (x).
template <typename Number>
struct AttentionBlock : AttentionOperandsOnGpu<Number> {
  int first;        ///< Query of the tile.
  int queries_end;  ///< Of those that count.
  int keys_end;     ///< Of those that a query of the tile sees; 0 when none of the queries counts.

  __device__ AttentionBlock(const AttentionOperandsOnGpu<Number>& operands, const FlashAttentionShape& shape,
                            int tile_queries)
      : AttentionOperandsOnGpu<Number>(operands) {
    const int64_t batch = blockIdx.z;
    const int64_t head = blockIdx.y;
    const int64_t key_head = head / shape.heads_per_key_head;
    this->query += batch * shape.query.strides[0] + head * shape.query.strides[1];
    this->key += batch * shape.key.strides[0] + key_head * shape.key.strides[1];
    this->value += batch * shape.value.strides[0] + key_head * shape.value.strides[1];
    this->output += batch * shape.output.strides[0] + head * shape.output.strides[1];
    if (this->mask != nullptr) this->mask += batch * shape.mask_strides[0] + head * shape.mask_strides[1];
    if (this->logsumexp != nullptr) {
      this->logsumexp += batch * shape.logsumexp_strides[0] + head * shape.logsumexp_strides[1];
    }
    // The longest first: of causal ones, the last.
    const unsigned tile = shape.causal != 0 ? gridDim.x - 1 - blockIdx.x : blockIdx.x;
    first = static_cast<int>(tile) * tile_queries;
    queries_end = shape.queries;
    keys_end = shape.keys;
    if (this->lengths != nullptr) {
      const int64_t length = this->lengths[batch * shape.lengths_stride];
      queries_end = static_cast<int>(length < 0 ? 0 : length > queries_end ? queries_end : length);
      keys_end = queries_end;
    }
    if (shape.causal != 0) keys_end = min(keys_end, first + tile_queries);
    if (first >= queries_end) keys_end = 0;
  }
};

}  // namespace hearth::gpu
