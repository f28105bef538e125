#pragma once

#include "kernels/context.h"

namespace hearth::gpu {

/// softmax(scale · query · keyᵀ + mask) · value on the GPU, in one pass over the keys.
struct FlashAttention {
  Tensor query;      ///< [B, H, L, E], bfloat16, float16 or float32, as all but lengths and logsumexp; any strides.
  Tensor key;        ///< [B, G, S, E] where H is a multiple of G.
  Tensor value;      ///< The same.
  Tensor mask;       ///< Undefined, or added: [B, H, L, S].
  Tensor lengths;    ///< Undefined, or int64 [B]: queries and keys that count, of as many; others are not read.
  Tensor output;     ///< [B, H, L, E]; zeros for queries that do not count or see no key.
  Tensor logsumexp;  ///< Undefined, or [B, H, L], float32; 0 where output is all zeros.
  double scale = 1;
  bool causal = false;  ///< Query i sees keys 0 to i.
};

/// Writes output and logsumexp. kUnavailable for operands that do not fit together, heads of more than 256 elements and
/// scales that are not above 0. Lengths outside of 0 to L count as the nearest of these: to look at them would be to
/// wait for the GPU.
Status flash_attention(const GpuWork& gpu, const FlashAttention& operands);

}  // namespace hearth::gpu
