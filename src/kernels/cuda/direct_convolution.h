#pragma once

#include "kernels/cuda/convolution_operands.h"

namespace hearth::gpu {

/// Computes into operands.y, one result after the other (direct_convolution.cu): depthwise convolutions of
/// channels-last images well, everything else slowly.
Status convolve_directly(const KernelContext& context, const ConvolutionOperands& operands);

}  // namespace hearth::gpu
