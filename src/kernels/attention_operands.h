#pragma once

#include <algorithm>
#include <span>
#include <utility>

#include "kernels/attention.h"
#include "kernels/cached_attention.h"

namespace hearth {

/// Keys or values by batch entry, head and position.
class AttentionRows {
 public:
  AttentionRows() = default;
  /// `rows`: [B, G, S, E], any strides.
  explicit AttentionRows(const Tensor& rows) : rows_(rows) {}
  /// Pages of a layer of a KeyValueCache, one batch entry, from the sequence's page `first_page` on. Looks at them:
  /// they outlive it.
  AttentionRows(std::span<const CachePage> pages, int64_t first_page)
      : rows_(pages.empty() ? Tensor() : pages[0].rows), pages_(pages), first_page_(first_page) {}

  /// Of the rows; uint8 rows are a CachePage's.
  DType dtype() const { return rows_.dtype(); }
  /// The row of one position; the next ones up to the end of a page are row_stride() elements apart. T is as dtype().
  template <typename T>
  const T* at(int64_t batch, int64_t head, int64_t position) const {
    const Tensor& rows = pages_.empty() ? rows_ : page_of(position).rows;
    const int64_t place = pages_.empty() ? position : position % CachePage::kTokens;
    return rows.data_as<T>() + batch * rows.stride(0) + head * rows.stride(1) + place * rows.stride(2);
  }
  /// What the numbers of a uint8 row, less CachePage::kZero, are multiplied by.
  float scale(int64_t head, int64_t position) const {
    const Tensor& scales = page_of(position).scales;
    return scales.data_as<float>()[head * scales.stride(1) + position % CachePage::kTokens];
  }
  int64_t row_stride() const { return rows_.stride(2); }
  int64_t element_stride() const { return rows_.stride(3); }

 private:
  const CachePage& page_of(int64_t position) const {
    return pages_[static_cast<size_t>(position / CachePage::kTokens - first_page_)];
  }

  Tensor rows_;  ///< All of them, or the first page's.
  std::span<const CachePage> pages_;
  int64_t first_page_ = 0;
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
