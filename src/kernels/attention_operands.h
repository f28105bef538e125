#pragma once

#include "kernels/attention.h"

namespace hearth {

/// The operands of an attention, checked, and its fresh results.
struct AttentionOperands {
  int64_t batches = 0;
  int64_t heads = 0;
  int64_t heads_per_key_head = 1;
  int64_t queries = 0;
  int64_t keys = 0;
  int64_t depth = 0;
  double scale = 1;
  bool causal = false;
  Tensor query;
  Tensor key;
  Tensor value;
  Tensor mask;  ///< Undefined, or seen as [B, H, L, S].
  AttentionResult result;

  /// Keys that the queries before `query_end` may look at.
  int64_t visible_keys(int64_t query_end) const { return causal && query_end < keys ? query_end : keys; }
};

/// kInvalidArgument names the operand whose dtype, rank or size does not fit.
Result<AttentionOperands> attention_operands(const KernelContext& context, const Tensor& query, const Tensor& key,
                                             const Tensor& value, const Tensor& mask,
                                             const AttentionParameters& parameters);

/// The first element of `tensor` [B, H, rows, columns] for one batch entry and head.
template <typename T>
T* head_of(const Tensor& tensor, int64_t batch, int64_t head) {
  return tensor.data_as<T>() + batch * tensor.stride(0) + head * tensor.stride(1);
}

}  // namespace hearth
