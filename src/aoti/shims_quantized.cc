// Layers that multiply bytes.

#include <limits>

#include "aoti/shim_arguments.h"
#include "kernels/cuda/convolution.h"
#include "kernels/cuda/integer_matmul.h"
#include "kernels/quantized.h"

namespace hearth {
namespace {

/// Numbers beyond int32 are no zero points, nor is what they become.
int32_t zero_point(int64_t zero) {
  return static_cast<int32_t>(
      std::clamp<int64_t>(zero, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
}

/// What follows the sums, as the operators' schemas have it.
struct FinishOperands {
  AtenTensorHandle scales;
  AtenTensorHandle* bias;
  AtenTensorHandle* residual;
  double residual_scale;
  int64_t residual_zero;
  const double* y_scale;
  int64_t y_zero;
  const char* activation;
};

Result<QuantizedLayer> layer_of(int64_t x_zero, AtenTensorHandle weight, const FinishOperands& finish) {
  QuantizedLayer layer;
  HEARTH_ASSIGN_OR_RETURN(layer.activation, parse_activation(finish.activation));
  layer.weight = tensor_of(weight);
  layer.scales = tensor_of(finish.scales);
  layer.bias = tensor_of(finish.bias);
  layer.residual = tensor_of(finish.residual);
  layer.x_zero = zero_point(x_zero);
  layer.residual_affine = {static_cast<float>(finish.residual_scale), zero_point(finish.residual_zero)};
  if (finish.y_scale) layer.y_affine = {static_cast<float>(*finish.y_scale), zero_point(finish.y_zero)};
  return layer;
}

}  // namespace
}  // namespace hearth

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::list_of;
using hearth::Status;
using hearth::tensor_of;

HEARTH_SHIM AotiError aoti_torch_cpu_hearth_quantized_linear(AtenTensorHandle x, int64_t x_zero,
                                                             AtenTensorHandle weight, AtenTensorHandle scales,
                                                             AtenTensorHandle* bias, AtenTensorHandle* residual,
                                                             double residual_scale, int64_t residual_zero,
                                                             double* y_scale, int64_t y_zero, const char* activation,
                                                             AtenTensorHandle* result) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) -> Status {
    HEARTH_ASSIGN_OR_RETURN(
        const hearth::QuantizedLayer layer,
        hearth::layer_of(x_zero, weight,
                         {scales, bias, residual, residual_scale, residual_zero, y_scale, y_zero, activation}));
    return hearth::return_tensor(
        (context.gpu ? hearth::gpu::quantized_linear : hearth::quantized_linear)(context, tensor_of(x), layer), result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_hearth_quantized_conv2d(
    AtenTensorHandle x, int64_t x_zero, AtenTensorHandle weight, const int64_t* stride, int64_t stride_count,
    const int64_t* padding, int64_t padding_count, const int64_t* dilation, int64_t dilation_count, int64_t groups,
    AtenTensorHandle scales, AtenTensorHandle* bias, AtenTensorHandle* residual, double residual_scale,
    int64_t residual_zero, double* y_scale, int64_t y_zero, const char* activation, AtenTensorHandle* result) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) -> Status {
    HEARTH_ASSIGN_OR_RETURN(
        const hearth::QuantizedLayer layer,
        hearth::layer_of(x_zero, weight,
                         {scales, bias, residual, residual_scale, residual_zero, y_scale, y_zero, activation}));
    const hearth::ConvolutionParameters parameters{.stride = list_of(stride, stride_count),
                                                   .padding = list_of(padding, padding_count),
                                                   .dilation = list_of(dilation, dilation_count),
                                                   .groups = groups,
                                                   .channels_last_result = true};
    const auto convolve = context.gpu ? hearth::gpu::quantized_convolution : hearth::quantized_convolution;
    return hearth::return_tensor(convolve(context, tensor_of(x), layer, parameters), result);
  });
}
