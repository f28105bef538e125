#include "base/errors.h"
#include "kernels/cpu/column_offsets.h"
#include "kernels/cpu/converted.h"
#include "kernels/cpu/convolution_float32.h"
#include "kernels/cpu/convolution_panels.h"
#include "kernels/cpu/depthwise_convolution.h"
#include "kernels/cpu/dequantized.h"
#include "kernels/cpu/grouped_convolution.h"
#include "kernels/cpu/grouped_images.h"
#include "kernels/profile.h"
#include "kernels/quantized_operands.h"

namespace hearth {
namespace {

Status convolve_bytes(const KernelContext& context, const ConvolutionShape& shape, const Tensor& x,
                      const QuantizedLayer& layer, const Tensor& y) {
  const MicroKernels& kernels = micro_kernels();
  ResultSink sink(kernels);
  sink.activation = layer.activation;
  HEARTH_ASSIGN_OR_RETURN(const Tensor offsets, column_offsets(context, layer.weight, convolution_role(shape),
                                                               convolution_panels(layer.weight, shape), layer.x_zero));
  HEARTH_ASSIGN_OR_RETURN(const Tensor scales, dense_bias(context, layer.scales));
  HEARTH_ASSIGN_OR_RETURN(const Tensor bias, dense_bias(context, layer.bias));
  sink.integers = {offsets.data_as<int32_t>(), scales.data_as<float>()};
  sink.bias = bias.data_as<float>();
  return convolve_groups(context, *kernels.int8, shape,
                         {.x = x,
                          .weight = layer.weight,
                          .residual = layer.residual,
                          .residual_affine = layer.residual_affine,
                          .y = y,
                          .y_affine = layer.y_affine.value_or(Affine()),
                          .padding = static_cast<uint8_t>(layer.x_zero)},
                         sink);
}

Status convolve_bytes_depthwise(const KernelContext& context, const ConvolutionShape& shape, const Tensor& x,
                                const QuantizedLayer& layer, const Tensor& y) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor weight, dequantized_weight(context, layer.weight, layer.scales));
  return convolve_depthwise(context, shape,
                            {.x = x,
                             .x_affine = {1, layer.x_zero},
                             .weight = weight,
                             .bias = layer.bias,
                             .y = y,
                             .y_affine = layer.y_affine.value_or(Affine())},
                            layer.activation);
}

/// In float32: for convolutions whose channels do not fall into groups of four, and depthwise ones with a residual.
Status convolve_dequantized(const KernelContext& context, const ConvolutionShape& shape, const Tensor& x,
                            const QuantizedLayer& layer, const Tensor& y) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor images, dequantized(context, x, {1, layer.x_zero}));
  HEARTH_ASSIGN_OR_RETURN(const Tensor weight, dequantized_weight(context, layer.weight, layer.scales));
  Tensor residual = layer.residual;
  if (residual.defined() && residual.dtype() == DType::kUInt8) {
    HEARTH_ASSIGN_OR_RETURN(residual, dequantized(context, residual, layer.residual_affine));
  }
  if (!layer.y_affine) {
    return convolve_float32(context, shape, images, weight, layer.bias, residual, layer.activation, y);
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor wide, context.pool->empty_strided(DType::kFloat32, y.shape(), y.strides()));
  HEARTH_RETURN_IF_ERROR(
      convolve_float32(context, shape, images, weight, layer.bias, residual, layer.activation, wide));
  quantize_dense(context, wide, *layer.y_affine, y);
  return {};
}

}  // namespace

Result<Tensor> quantized_convolution(const KernelContext& context, const Tensor& x, const QuantizedLayer& layer,
                                     const ConvolutionParameters& parameters) {
  HEARTH_ASSIGN_OR_RETURN(const ConvolutionShape shape, check_quantized_convolution(x, layer, parameters));
  HEARTH_ASSIGN_OR_RETURN(Tensor y,
                          empty_convolution_result(*context.pool, result_dtype(layer), x, layer.weight, shape));
  if (y.element_count() == 0) return y;
  count_operations(DType::kInt8, shape.operations());
  const auto convolve = multiplies_groups(shape, group_size(DType::kInt8))  ? convolve_bytes
                        : shape.is_depthwise() && !layer.residual.defined() ? convolve_bytes_depthwise
                                                                            : convolve_dequantized;
  HEARTH_RETURN_IF_ERROR(convolve(context, shape, x, layer, y));
  return y;
}

}  // namespace hearth
