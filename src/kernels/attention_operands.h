#pragma once

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "kernels/attention.h"
#include "kernels/cached_attention.h"

namespace hearth {

/// Keys or values by batch entry, head and position.
class AttentionRows {
 public:
  AttentionRows() = default;
  /// `rows`: [B, G, S, E], any strides.
  explicit AttentionRows(Tensor rows) : parts_{std::move(rows)} {}
  /// Pages of a KeyValueCache: one batch entry.
  explicit AttentionRows(std::vector<Tensor> pages)
      : parts_(std::move(pages)), rows_of_part_(KeyValueCache::kTokensOfPage) {}

  /// The row of one position; the next ones up to the end of a page are row_stride() elements apart.
  template <typename T>
  const T* at(int64_t batch, int64_t head, int64_t position) const {
    const Tensor& part = parts_[static_cast<size_t>(position / rows_of_part_)];
    return part.data_as<T>() + batch * part.stride(0) + head * part.stride(1) +
           position % rows_of_part_ * part.stride(2);
  }
  int64_t row_stride() const { return parts_[0].stride(2); }
  int64_t element_stride() const { return parts_[0].stride(3); }

 private:
  std::vector<Tensor> parts_;
  int64_t rows_of_part_ = std::numeric_limits<int64_t>::max();
};

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
  int64_t past = 0;     ///< Keys before the one of the first query.
  int64_t window = 0;   ///< Keys that a query looks back at, its own among them; 0: all.
  double soft_cap = 0;  ///< Scores become cap · tanh(score / cap); 0: stay.
  Tensor query;
  AttentionRows key;
  AttentionRows value;
  Tensor mask;   ///< Undefined, or seen as [B, H, L, S].
  Tensor sinks;  ///< Undefined, or a score for each head [H], float32, that no key has.
  AttentionResult result;

  /// Where the keys end that the query may look at, and where they begin.
  int64_t keys_end(int64_t number) const { return causal ? std::min(past + number + 1, keys) : keys; }
  int64_t keys_begin(int64_t number) const { return window > 0 ? std::max<int64_t>(past + number + 1 - window, 0) : 0; }
};

/// kInvalidArgument names the operand whose dtype, rank or size does not fit.
Result<AttentionOperands> attention_operands(const KernelContext& context, const Tensor& query, const Tensor& key,
                                             const Tensor& value, const Tensor& mask,
                                             const AttentionParameters& parameters);

/// The same for a step of several sequences: what each attends to, and the result of all, of which theirs are views.
struct CachedAttentionOperands {
  std::vector<AttentionOperands> sequences;
  Tensor output;  ///< [T, H, E]
};

/// Appends the step's keys and values to the caches of the context's sequences.
Result<CachedAttentionOperands> cached_attention_operands(const KernelContext& context, const Tensor& query,
                                                          const Tensor& key, const Tensor& value, const Tensor& sinks,
                                                          const CachedAttentionParameters& parameters);

/// The first element of `tensor` [B, H, rows, columns] for one batch entry and head.
template <typename T>
T* head_of(const Tensor& tensor, int64_t batch, int64_t head) {
  return tensor.data_as<T>() + batch * tensor.stride(0) + head * tensor.stride(1);
}

}  // namespace hearth
