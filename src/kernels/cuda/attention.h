#pragma once

#include "kernels/attention.h"
#include "kernels/encoder_attention.h"

namespace hearth::gpu {

/// hearth::attention() on the GPU, for bfloat16, float16 and float32, heads of up to 256 elements, scales above 0 and
/// masks of query's dtype. kUnavailable for others.
Result<AttentionResult> attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                  const Tensor& value, const Tensor& mask, const AttentionParameters& parameters);

/// hearth::encoder_attention() in the same cases. `lengths` lies on the GPU, so that nobody looks at it before the work
/// is done: a length outside of 0 to T counts as the nearest of these.
Result<Tensor> encoder_attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                 const Tensor& value, const Tensor& lengths,
                                 const EncoderAttentionParameters& parameters);

}  // namespace hearth::gpu
