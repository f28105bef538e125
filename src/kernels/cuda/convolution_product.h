#pragma once

#include "kernels/cuda/convolution_operands.h"

namespace hearth::gpu {

/// True for what convolve_as_products() computes: groups whose channels fill the pieces that are copied at once.
bool is_product(const ConvolutionShape& shape, DType dtype);

/// Computes into operands.y by products of matrices (convolution_kernels.cuh). A constant weight is packed once per
/// model.
Status convolve_as_products(const KernelContext& context, const ConvolutionOperands& operands);

}  // namespace hearth::gpu
