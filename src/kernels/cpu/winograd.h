#pragma once

#include "kernels/convolution_shape.h"
#include "kernels/cpu/images.h"

namespace hearth {

/// A float32 convolution of 3×3 windows by four multiplications for nine: tiles of 4×4 inputs and the weights are
/// transformed, multiplied in 16 matrix products over the channels, and transformed back to 2×2 outputs. F(2×2, 3×3) of
/// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015. Its sums round somewhat differently from
/// direct ones; an infinity among the inputs may make NaNs of the outputs of its tile.
struct WinogradConvolution {
  const ConvolutionShape* shape = nullptr;
  Images x;                     ///< Channels-last.
  Tensor weight;                ///< Constant.
  const float* bias = nullptr;  ///< [out channels]; null: none.
  Images residual;              ///< Channels-last, of y's sizes; or none.
  Images y;                     ///< Channels-last.
  Activation activation = Activation::kNone;
};

/// True for convolutions that it computes, and faster than the direct way.
bool suits_winograd(const ConvolutionShape& shape, const Tensor& weight);

/// Computes into y. The bits do not depend on the size of the team. kOutOfMemory.
Status convolve_winograd(const KernelContext& context, const WinogradConvolution& convolution);

}  // namespace hearth
