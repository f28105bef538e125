#pragma once

#include "kernels/convolution_shape.h"
#include "kernels/quantized.h"

namespace hearth {

/// The operands of a depthwise convolution: x and y of float32, of bfloat16, or a uint8 x with a y of uint8 or float32.
struct DepthwiseOperands {
  Tensor x;
  Affine x_affine{};  ///< Of a uint8 x: its scale is 1, for the weight's includes it.
  Tensor weight;      ///< [C, 1, kernel...], of a floating dtype.
  Tensor bias{};      ///< Undefined: none.
  Tensor residual{};  ///< Of y's dtype; undefined, as it must be for a uint8 y: none.
  Tensor y;
  Affine y_affine{};  ///< Of a uint8 y.
};

/// Computes into y, of any strides. kOutOfMemory.
Status convolve_depthwise(const KernelContext& context, const ConvolutionShape& shape,
                          const DepthwiseOperands& operands, Activation activation);

}  // namespace hearth
