#pragma once

#include "kernels/context.h"
#include "kernels/key_value_cache.h"

namespace hearth {

struct CachedAttentionParameters {
  int64_t layer = 0;    ///< Which of the cache's layers.
  double scale = 1;     ///< Of query · key.
  int64_t window = 0;   ///< Tokens that one looks back at, itself among them; 0: all before it.
  double soft_cap = 0;  ///< Scores become cap · tanh(score / cap); 0: stay.
};

/// hearth::hearth_attention: attention of a step's tokens to the tokens of their sequence up to themselves, whose keys
/// and values the context's cache holds; this step's are appended to it. Without a cache the step's tokens are all
/// there are. query [T, H, E], key and value [T, G, E] where H is a multiple of G, of one floating dtype; sinks:
/// undefined, or [H], scores that take part in each softmax without a value of theirs. Returns [T, H, E], row-major.
/// kInvalidArgument names the operand that does not fit.
Result<Tensor> cached_attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                const Tensor& value, const Tensor& sinks, const CachedAttentionParameters& parameters);

namespace reference {
Result<Tensor> cached_attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                const Tensor& value, const Tensor& sinks, const CachedAttentionParameters& parameters);
}  // namespace reference

}  // namespace hearth
