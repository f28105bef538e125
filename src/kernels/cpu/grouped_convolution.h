#pragma once

#include "kernels/convolution_shape.h"
#include "kernels/cpu/result_sink.h"

namespace hearth {

/// True for convolutions that can be computed with groups of `group` adjacent channels as elements.
bool multiplies_groups(const ConvolutionShape& shape, int64_t group);

/// The operands of a convolution by kernels that multiply narrow numbers in groups and only sum.
struct GroupedConvolution {
  Tensor x;
  Tensor weight;
  Tensor residual;  ///< Undefined: none.
  Affine residual_affine{};
  Tensor y;
  Affine y_affine{};
  uint8_t padding = 0;  ///< Every byte of what lies around x.
};

/// Computes into y. `sink` says how sums are finished; its rows are set here. kOutOfMemory.
Status convolve_groups(const KernelContext& context, const TileKernels& kernels, const ConvolutionShape& shape,
                       const GroupedConvolution& operands, ResultSink& sink);

}  // namespace hearth
