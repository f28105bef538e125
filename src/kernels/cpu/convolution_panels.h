#pragma once

#include "kernels/convolution_shape.h"
#include "kernels/cpu/pack.h"

namespace hearth {

/// A convolution's weight as the right operand of a product for each group: depth runs over taps, then input channels.
PanelSource convolution_panels(const Tensor& weight, const ConvolutionShape& shape);
/// What convolution_panels() takes the weight's dimensions for.
std::string convolution_role(const ConvolutionShape& shape);

}  // namespace hearth
