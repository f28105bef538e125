#include "kernels/cuda/convolution.h"

#include <algorithm>

#include "kernels/convolution_shape.h"
#include "kernels/cuda/convolution_product.h"
#include "kernels/cuda/direct_convolution.h"
#include "kernels/cuda/launch.h"
#include "kernels/profile.h"
#include "kernels/quantized_operands.h"
#include "tensor/layout.h"

namespace hearth::gpu {
namespace {

bool has_kernels(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kBFloat16 || dtype == DType::kFloat16;
}

/// Device code counts pixels and positions, those beside the input included, in 32 bits.
Status check_range(const ConvolutionShape& shape) {
  constexpr int64_t kMost = int64_t{1} << 28;
  CheckedSize pixels = shape.batch;
  CheckedSize taps = 1;
  bool fits = shape.in_channels < kMost && shape.out_channels < kMost;
  for (size_t i = 0; i < 3; ++i) {
    pixels *= shape.output[i];
    taps *= shape.kernel[i];
    fits = fits && shape.input[i] < kMost && shape.output[i] < kMost / shape.stride[i] && shape.padding[i] < kMost &&
           shape.kernel[i] < kMost / shape.dilation[i];
  }
  const auto count = pixels.as<int64_t>();
  if (fits && taps.as<int64_t>() && count && *count <= (int64_t{1} << 30)) return {};
  return unavailable("convolution: a result is {}", describe_shape(shape.result_sizes()));
}

Status convolve(const KernelContext& context, const ConvolutionOperands& operands) {
  return is_product(operands.shape, operands.x.dtype()) ? convolve_as_products(context, operands)
                                                        : convolve_directly(context, operands);
}

}  // namespace

Result<Tensor> convolution(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                           const Tensor& residual, const ConvolutionParameters& parameters) {
  if (x.defined() && !has_kernels(x.dtype())) return unavailable("convolution: x is {}", describe(x));
  HEARTH_ASSIGN_OR_RETURN(const ConvolutionShape shape, convolution_shape(x, weight, bias, residual, parameters));
  HEARTH_RETURN_IF_ERROR(check_on_gpu({&x, &weight, &bias, &residual}));
  HEARTH_RETURN_IF_ERROR(check_range(shape));
  HEARTH_ASSIGN_OR_RETURN(Tensor y, empty_convolution_result(*context.pool, x.dtype(), x, weight, shape));
  if (y.element_count() == 0) return y;
  const ConvolutionOperands operands{shape, x, weight, bias, residual, y, parameters.activation};
  HEARTH_RETURN_IF_ERROR(convolve(context, operands));
  count_operations(x.dtype(), shape.operations());
  return y;
}

Result<Tensor> quantized_convolution(const KernelContext& context, const Tensor& x, const QuantizedLayer& layer,
                                     const ConvolutionParameters& parameters) {
  HEARTH_ASSIGN_OR_RETURN(const ConvolutionShape shape, check_quantized_convolution(x, layer, parameters));
  HEARTH_RETURN_IF_ERROR(check_on_gpu({&x, &layer.weight, &layer.scales, &layer.bias, &layer.residual}));
  HEARTH_RETURN_IF_ERROR(check_range(shape));
  HEARTH_ASSIGN_OR_RETURN(Tensor y,
                          empty_convolution_result(*context.pool, result_dtype(layer), x, layer.weight, shape));
  if (y.element_count() == 0) return y;
  const ConvolutionOperands operands{shape, x, layer.weight, layer.bias, layer.residual, y, layer.activation, &layer};
  HEARTH_RETURN_IF_ERROR(convolve(context, operands));
  count_operations(DType::kInt8, shape.operations());
  return y;
}

}  // namespace hearth::gpu
