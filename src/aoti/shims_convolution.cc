// Convolutions.

#include "aoti/shim_arguments.h"
#include "kernels/convolution.h"
#include "kernels/cuda/convolution.h"

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::ConvolutionParameters;
using hearth::list_of;
using hearth::Status;
using hearth::tensor_of;

namespace hearth {
namespace {

/// Where the run's tensors lie.
Result<Tensor> convolve(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const Tensor& residual, const ConvolutionParameters& parameters) {
  const auto convolution = context.gpu != nullptr ? gpu::convolution : hearth::convolution;
  return convolution(context, x, weight, bias, residual, parameters);
}

}  // namespace
}  // namespace hearth

HEARTH_SHIM AotiError aoti_torch_cpu_convolution(AtenTensorHandle x, AtenTensorHandle weight, AtenTensorHandle* bias,
                                                 const int64_t* stride, int64_t stride_count, const int64_t* padding,
                                                 int64_t padding_count, const int64_t* dilation, int64_t dilation_count,
                                                 int32_t transposed, const int64_t* output_padding,
                                                 int64_t output_padding_count, int64_t groups,
                                                 AtenTensorHandle* result) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) {
    const ConvolutionParameters parameters{.stride = list_of(stride, stride_count),
                                           .padding = list_of(padding, padding_count),
                                           .dilation = list_of(dilation, dilation_count),
                                           .transposed = transposed != 0,
                                           .output_padding = list_of(output_padding, output_padding_count),
                                           .groups = groups};
    return hearth::return_tensor(
        hearth::convolve(context, tensor_of(x), tensor_of(weight), tensor_of(bias), hearth::Tensor(), parameters),
        result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_hearth_conv2d(AtenTensorHandle x, AtenTensorHandle weight, AtenTensorHandle* bias,
                                                   AtenTensorHandle* residual, const int64_t* stride,
                                                   int64_t stride_count, const int64_t* padding, int64_t padding_count,
                                                   const int64_t* dilation, int64_t dilation_count, int64_t groups,
                                                   const char* activation, AtenTensorHandle* result) {
  return hearth::guard_device_kernel(__func__, [&](const auto& context) -> Status {
    HEARTH_ASSIGN_OR_RETURN(const hearth::Activation epilogue, hearth::parse_activation(activation));
    const ConvolutionParameters parameters{.stride = list_of(stride, stride_count),
                                           .padding = list_of(padding, padding_count),
                                           .dilation = list_of(dilation, dilation_count),
                                           .groups = groups,
                                           .activation = epilogue,
                                           .channels_last_result = true};
    return hearth::return_tensor(
        hearth::convolve(context, tensor_of(x), tensor_of(weight), tensor_of(bias), tensor_of(residual), parameters),
        result);
  });
}
