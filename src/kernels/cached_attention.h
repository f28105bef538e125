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
/// and values the sequence's cache holds; this step's are appended to it. The context says which tokens are which
/// sequence's; what one sequence gets is, to the bit, what it gets in a step of its own. query [T, H, E], key and value
/// [T, G, E] where H is a multiple of G, of one floating dtype; sinks: undefined, or [H], scores that take part in each
/// softmax without a value of theirs. Returns [T, H, E], row-major. kInvalidArgument names the operand that does not
/// fit, or says that the sequences have other tokens than these; a failed call may have appended to some of the caches.
Result<Tensor> cached_attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                const Tensor& value, const Tensor& sinks, const CachedAttentionParameters& parameters);

namespace reference {
Result<Tensor> cached_attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                const Tensor& value, const Tensor& sinks, const CachedAttentionParameters& parameters);
}  // namespace reference

}  // namespace hearth
