#pragma once

#include "kernels/convolution.h"
#include "kernels/convolution_shape.h"

namespace hearth {

/// Computes a convolution whose operands were checked into `y`, which has the result's sizes and any strides. All are
/// float32 but the weight, which may also be bfloat16 or float16. kOutOfMemory.
Status convolve_float32(const KernelContext& context, const ConvolutionShape& shape, const Tensor& x,
                        const Tensor& weight, const Tensor& bias, const Tensor& residual, Activation activation,
                        const Tensor& y);

}  // namespace hearth
