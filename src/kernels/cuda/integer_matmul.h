#pragma once

#include "kernels/context.h"
#include "kernels/quantized.h"

namespace hearth::gpu {

/// The operators of kernels/integer_matmul.h and kernels/quantized.h for operands that lie on the GPU: kUnavailable for
/// others, before anything has changed. Operands whose bytes are not adjacent along the depth are copied first,
/// constant weights once per model.
Status integer_matmul(const KernelContext& context, const Tensor& out, const Tensor& a, const Tensor& b);
Result<Tensor> quantized_linear(const KernelContext& context, const Tensor& x, const QuantizedLayer& layer);

}  // namespace hearth::gpu
