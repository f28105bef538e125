#pragma once

#include "kernels/convolution_shape.h"
#include "kernels/quantized.h"

namespace hearth {

/// Checks the operands of quantized_linear. kInvalidArgument names the one whose dtype, rank or size does not fit.
Status check_quantized_linear(const Tensor& x, const QuantizedLayer& layer);
/// The same for quantized_convolution; derives the sizes.
Result<ConvolutionShape> check_quantized_convolution(const Tensor& x, const QuantizedLayer& layer,
                                                     const ConvolutionParameters& parameters);

/// What the layer stores.
inline DType result_dtype(const QuantizedLayer& layer) { return layer.y_affine ? DType::kUInt8 : DType::kFloat32; }
/// x's shape with the layer's number of columns.
std::vector<int64_t> linear_result_sizes(const Tensor& x, const QuantizedLayer& layer);

}  // namespace hearth
