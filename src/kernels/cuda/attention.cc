#include "kernels/cuda/attention.h"

#include "base/errors.h"
#include "kernels/attention_operands.h"
#include "kernels/cuda/flash_attention.h"
#include "kernels/operands.h"
#include "kernels/shape_ops.h"

namespace hearth::gpu {
namespace {

/// [B, T, H, E] as [B, H, T, E].
Result<Tensor> by_head(const Tensor& rows) { return permute(rows, std::array<int64_t, 4>{0, 2, 1, 3}); }

}  // namespace

Result<AttentionResult> attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                  const Tensor& value, const Tensor& mask, const AttentionParameters& parameters) {
  HEARTH_ASSIGN_OR_RETURN(AttentionOperands operands, attention_operands(context, query, key, value, mask, parameters));
  HEARTH_RETURN_IF_ERROR(flash_attention(*context.gpu, {.query = query,
                                                        .key = key,
                                                        .value = value,
                                                        .mask = operands.mask,
                                                        .lengths = {},
                                                        .output = operands.result.output,
                                                        .logsumexp = operands.result.logsumexp,
                                                        .scale = operands.scale,
                                                        .causal = operands.causal}));
  return std::move(operands.result);
}

Result<Tensor> encoder_attention(const KernelContext& context, const Tensor& query, const Tensor& key,
                                 const Tensor& value, const Tensor& lengths,
                                 const EncoderAttentionParameters& parameters) {
  for (const Tensor* tensor : {&query, &key, &value}) {
    // What does not fit, the host names.
    if (tensor->rank() != 4) return unavailable("attention of {}", describe(*tensor));
  }
  if (!lengths.defined()) return unavailable("attention without lengths");
  HEARTH_ASSIGN_OR_RETURN(const Tensor output, context.pool->empty(query.dtype(), query.shape()));
  FlashAttention operands;
  operands.lengths = lengths;
  operands.scale = parameters.scale;
  operands.causal = parameters.causal;
  HEARTH_ASSIGN_OR_RETURN(operands.query, by_head(query));
  HEARTH_ASSIGN_OR_RETURN(operands.key, by_head(key));
  HEARTH_ASSIGN_OR_RETURN(operands.value, by_head(value));
  HEARTH_ASSIGN_OR_RETURN(operands.output, by_head(output));
  HEARTH_RETURN_IF_ERROR(flash_attention(*context.gpu, operands));
  return output;
}

}  // namespace hearth::gpu
