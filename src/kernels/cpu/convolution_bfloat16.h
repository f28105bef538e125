#pragma once

#include "kernels/convolution.h"
#include "kernels/convolution_shape.h"

namespace hearth {

/// True when this machine multiplies bfloat16 faster than float32, and the convolution's channels fall into pairs as
/// its instructions want them.
bool multiplies_bfloat16(const ConvolutionShape& shape);

/// Computes a convolution of bfloat16 operands, which were checked, into `y`, which has the result's sizes and any
/// strides. Sums are made in float32 and rounded once. kOutOfMemory.
Status convolve_bfloat16(const KernelContext& context, const ConvolutionShape& shape, const Tensor& x,
                         const Tensor& weight, const Tensor& bias, const Tensor& residual, Activation activation,
                         const Tensor& y);

}  // namespace hearth
