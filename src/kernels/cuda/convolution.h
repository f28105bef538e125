#pragma once

#include "kernels/convolution.h"
#include "kernels/quantized.h"

namespace hearth::gpu {

/// hearth::convolution() of tensors on the GPU, in the order of its work. kUnavailable, before anything was changed,
/// for dtypes other than float32, bfloat16 and float16, operands in the host's memory and more than 2^30 pixels.
Result<Tensor> convolution(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                           const Tensor& residual, const ConvolutionParameters& parameters);

/// The same of hearth::quantized_convolution().
Result<Tensor> quantized_convolution(const KernelContext& context, const Tensor& x, const QuantizedLayer& layer,
                                     const ConvolutionParameters& parameters);

}  // namespace hearth::gpu
