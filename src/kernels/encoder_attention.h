#pragma once

#include "kernels/context.h"

namespace hearth {

struct EncoderAttentionParameters {
  double scale = 1;     ///< Of query · key.
  bool causal = false;  ///< A token sees those up to itself only.
};

/// hearth::hearth_encoder_attention: attention among the tokens of each of several texts. query [B, T, H, E], key and
/// value [B, T, G, E] where H is a multiple of G, of one floating dtype; lengths int64 [B], tokens of each text, 0 to
/// T. What follows a text in its rows is neither read nor seen. Returns [B, T, H, E], row-major, zeros after each text.
/// kInvalidArgument names the operand that does not fit.
Result<Tensor> encoder_attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                 const Tensor& value, const Tensor& lengths,
                                 const EncoderAttentionParameters& parameters);

namespace reference {
Result<Tensor> encoder_attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                 const Tensor& value, const Tensor& lengths,
                                 const EncoderAttentionParameters& parameters);
}  // namespace reference

}  // namespace hearth
