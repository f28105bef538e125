#pragma once

#include <optional>

#include "kernels/context.h"

namespace hearth {

struct AttentionParameters {
  bool causal = false;          ///< Query i sees keys 0 to i only.
  std::optional<double> scale;  ///< Of query · key; 1 / sqrt(E) by default.
};

struct AttentionResult {
  Tensor output;     ///< [B, H, L, E], in the dtype and the order of dimensions of query.
  Tensor logsumexp;  ///< [B, H, L] with H innermost, float32 (float64 for float64).
};

/// softmax(scale · query · keyᵀ + mask) · value for each batch entry and head, as
/// aten::_scaled_dot_product_flash_attention_for_cpu: query [B, H, L, E], key and value [B, G, S, E] where H is a
/// multiple of G, of one floating dtype and any strides; mask undefined or added, [L, S] or [B, H, L, S] or what
/// broadcasts to it, floating. A query that may look at no key gets zeros and a logsumexp of 0. One pass over blocks of
/// keys with a running maximum (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018; Dao et al.,
/// "FlashAttention", 2022). kInvalidArgument names the operand that does not fit.
Result<AttentionResult> attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                  const Tensor& value, const Tensor& mask, const AttentionParameters& parameters);

namespace reference {
Result<AttentionResult> attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                  const Tensor& value, const Tensor& mask, const AttentionParameters& parameters);
}  // namespace reference

}  // namespace hearth
