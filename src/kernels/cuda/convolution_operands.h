#pragma once

#include "kernels/convolution_shape.h"
#include "kernels/cuda/convolution_parameters.h"
#include "kernels/cuda/convolution_phases.h"
#include "kernels/quantized.h"

namespace hearth::gpu {

/// A convolution with its result allocated.
struct ConvolutionOperands {
  const ConvolutionShape& shape;
  Tensor x;
  Tensor weight;
  Tensor bias;      ///< Undefined: none.
  Tensor residual;  ///< Undefined: none.
  Tensor y;
  Activation activation = Activation::kNone;
  const QuantizedLayer* layer = nullptr;  ///< Of bytes: what their sums mean.
};

/// Where a phase's results, and what is added to them, lie; null addresses for what there is not.
struct ResultPlace {
  ConvolutionResult parameters;
  void* y;
  const void* residual;
  const void* bias;
};

ResultPlace result_place(const ConvolutionOperands& operands, const ConvolutionPhase& phase);
ConvolutionWindow window_of(const ConvolutionShape& shape, const ConvolutionPhase& phase);

/// `layer` as device code wants it.
ByteFinish byte_finish(const QuantizedLayer& layer);

/// Strides with 0 for dimensions of size 1, where they mean nothing.
ImageStrides meaningful_strides(const std::array<int64_t, 5>& sizes, ImageStrides strides);

/// True when every channel's neighbour follows it in memory, and each pixel's channels begin at a multiple of `numbers`
/// elements.
bool channels_lie_in(int64_t numbers, const void* data, DType dtype, const ImageStrides& meaningful_strides);

}  // namespace hearth::gpu
