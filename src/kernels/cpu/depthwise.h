#pragma once

#include "kernels/convolution_shape.h"
#include "kernels/cpu/micro_kernels.h"

namespace hearth {

/// Images with adjacent channels in memory.
struct ImagesInMemory {
  std::byte* data = nullptr;  ///< Null: none.
  ImageStrides strides{};     ///< Of [N, C, D, H, W], in elements.
  DType dtype = DType::kFloat32;
  Affine affine{};  ///< What uint8 elements mean.
};

/// A depthwise convolution (one input and one output channel a group, not transposed), of the dtypes that
/// DepthwiseArguments knows.
struct Depthwise {
  const ConvolutionShape* shape = nullptr;
  ImagesInMemory input;
  const float* weights = nullptr;  ///< [taps, channels], times the scale of a uint8 input.
  ImagesInMemory output;
  const float* bias = nullptr;  ///< Null: none.
  ImagesInMemory residual;
  Activation activation = Activation::kNone;
};

/// Computes it directly, vectorised over the channels.
void run_depthwise(ThreadTeam& team, const MicroKernels& kernels, const Depthwise& depthwise);

}  // namespace hearth
