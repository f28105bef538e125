#include "kernels/quantized_operands.h"

#include <algorithm>
#include <cmath>

#include "base/errors.h"
#include "kernels/operands.h"

namespace hearth {
namespace {

/// What is not a usable scale would turn every number into 0, an infinity or NaN.
Status check_affine(const char* op, const char* operand, Affine affine) {
  if (!std::isnormal(affine.scale) || affine.scale < 0) {
    return invalid_argument("{}: the scale of {} is {}, but must be a positive number", op, operand, affine.scale);
  }
  if (affine.zero < 0 || affine.zero > 255) {
    return invalid_argument("{}: the zero point of {} is {}, but must be between 0 and 255", op, operand, affine.zero);
  }
  return {};
}

Status check_column_values(const char* op, const char* operand, const Tensor& tensor, int64_t columns) {
  HEARTH_RETURN_IF_ERROR(check_dtype(op, operand, tensor, DType::kFloat32));
  if (tensor.rank() == 1 && tensor.size(0) == columns) return {};
  return invalid_argument("{}: {} is {}, but must be [{}]", op, operand, describe(tensor), columns);
}

/// Everything but x and the weight's shape.
Status check_layer(const char* op, const QuantizedLayer& layer, int64_t columns, std::span<const int64_t> result) {
  HEARTH_RETURN_IF_ERROR(check_dtype(op, "weight", layer.weight, DType::kInt8));
  HEARTH_RETURN_IF_ERROR(check_column_values(op, "scales", layer.scales, columns));
  if (layer.bias.defined()) HEARTH_RETURN_IF_ERROR(check_column_values(op, "bias", layer.bias, columns));
  HEARTH_RETURN_IF_ERROR(check_affine(op, "x", {1, layer.x_zero}));
  if (layer.y_affine) HEARTH_RETURN_IF_ERROR(check_affine(op, "the result", *layer.y_affine));
  if (!layer.residual.defined()) return {};
  if (layer.residual.dtype() == DType::kUInt8) {
    HEARTH_RETURN_IF_ERROR(check_affine(op, "residual", layer.residual_affine));
  } else {
    HEARTH_RETURN_IF_ERROR(check_dtype(op, "residual", layer.residual, DType::kFloat32));
  }
  if (std::ranges::equal(layer.residual.shape(), result)) return {};
  return invalid_argument("{}: residual is {}, but must have the result's shape {}", op, describe(layer.residual),
                          describe_shape(result));
}

}  // namespace

uint8_t quantize(float value, Affine affine) {
  const auto zero = static_cast<float>(affine.zero);
  return static_cast<uint8_t>(std::nearbyint(std::clamp(value * (1 / affine.scale), -zero, 255 - zero)) + zero);
}

std::vector<int64_t> linear_result_sizes(const Tensor& x, const QuantizedLayer& layer) {
  std::vector<int64_t> sizes(x.shape().begin(), x.shape().end());
  sizes.back() = layer.weight.size(0);
  return sizes;
}

Status check_quantized_linear(const Tensor& x, const QuantizedLayer& layer) {
  constexpr const char* kOp = "quantized linear";
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "x", x));
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "weight", layer.weight));
  if (x.dtype() != DType::kUInt8) HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "x", x, DType::kFloat32));
  const Tensor& weight = layer.weight;
  if (x.rank() == 0 || weight.rank() != 2 || weight.size(1) != x.size(x.rank() - 1)) {
    return invalid_argument("{}: x is {} and weight {}, but they must be [..., K] and [N, K]", kOp, describe(x),
                            describe(weight));
  }
  return check_layer(kOp, layer, weight.size(0), linear_result_sizes(x, layer));
}

Result<ConvolutionShape> check_quantized_convolution(const Tensor& x, const QuantizedLayer& layer,
                                                     const ConvolutionParameters& parameters) {
  constexpr const char* kOp = "quantized convolution";
  if (parameters.transposed) return invalid_argument("{}: a transposed one is not supported", kOp);
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "x", x, DType::kUInt8));
  HEARTH_ASSIGN_OR_RETURN(ConvolutionShape shape, convolution_shape(x, layer.weight, parameters));
  HEARTH_RETURN_IF_ERROR(check_layer(kOp, layer, shape.out_channels, shape.result_sizes()));
  return shape;
}

}  // namespace hearth
