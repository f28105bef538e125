// Attention.

#include "aoti/shim_arguments.h"
#include "kernels/attention.h"
#include "kernels/cached_attention.h"
#include "kernels/cuda/attention.h"
#include "kernels/encoder_attention.h"

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::Status;
using hearth::tensor_of;

HEARTH_SHIM AotiError aoti_torch_cpu__scaled_dot_product_flash_attention_for_cpu(
    AtenTensorHandle query, AtenTensorHandle key, AtenTensorHandle value, double dropout_p, int32_t is_causal,
    AtenTensorHandle* attn_mask, double* scale, AtenTensorHandle* output, AtenTensorHandle* logsumexp) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) -> Status {
    if (dropout_p != 0) return hearth::invalid_argument("dropout_p is {}; a model in training was exported", dropout_p);
    const auto attention = context.gpu ? hearth::gpu::attention : hearth::attention;
    HEARTH_ASSIGN_OR_RETURN(hearth::AttentionResult result,
                            attention(context, tensor_of(query), tensor_of(key), tensor_of(value), tensor_of(attn_mask),
                                      {.causal = is_causal != 0, .scale = hearth::optional_of(scale)}));
    HEARTH_RETURN_IF_ERROR(hearth::return_tensor(std::move(result.output), output));
    HEARTH_RETURN_IF_ERROR(hearth::return_tensor(std::move(result.logsumexp), logsumexp));
    return {};
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_hearth_attention(AtenTensorHandle query, AtenTensorHandle key,
                                                      AtenTensorHandle value, AtenTensorHandle* sinks, int64_t layer,
                                                      double scale, int64_t window, double soft_cap,
                                                      AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    return hearth::return_tensor(
        hearth::cached_attention(context, tensor_of(query), tensor_of(key), tensor_of(value), tensor_of(sinks),
                                 {.layer = layer, .scale = scale, .window = window, .soft_cap = soft_cap}),
        result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_hearth_encoder_attention(AtenTensorHandle query, AtenTensorHandle key,
                                                              AtenTensorHandle value, AtenTensorHandle lengths,
                                                              double scale, int32_t causal, AtenTensorHandle* result) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) {
    const auto attention = context.gpu ? hearth::gpu::encoder_attention : hearth::encoder_attention;
    return hearth::return_tensor(attention(context, tensor_of(query), tensor_of(key), tensor_of(value),
                                           tensor_of(lengths), {.scale = scale, .causal = causal != 0}),
                                 result);
  });
}
