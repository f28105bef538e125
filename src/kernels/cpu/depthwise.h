#pragma once

#include "kernels/convolution_shape.h"
#include "kernels/cpu/micro_kernels.h"

namespace hearth {

/// A depthwise convolution (one input and one output channel a group, not transposed) over images with adjacent
/// channels. Strides are those of [N, C, D, H, W], in elements.
struct Depthwise {
  const ConvolutionShape* shape = nullptr;
  const float* input = nullptr;
  ImageStrides input_strides{};
  const float* weights = nullptr;  ///< [taps, channels]
  float* output = nullptr;
  ImageStrides output_strides{};
  const float* bias = nullptr;      ///< Null: none.
  const float* residual = nullptr;  ///< Null: none.
  ImageStrides residual_strides{};
  Activation activation = Activation::kNone;
};

/// Computes it directly, vectorised over the channels.
void run_depthwise(ThreadTeam& team, const MicroKernels& kernels, const Depthwise& depthwise);

}  // namespace hearth
