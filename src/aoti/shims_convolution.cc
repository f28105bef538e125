// Convolutions.

#include "aoti/abi.h"
#include "aoti/run_context.h"
#include "kernels/convolution.h"

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::ConvolutionParameters;
using hearth::Status;
using hearth::tensor_of;

namespace {

std::span<const int64_t> values(const int64_t* begin, int64_t count) { return {begin, static_cast<size_t>(count)}; }

}  // namespace

HEARTH_SHIM AotiError aoti_torch_cpu_convolution(AtenTensorHandle x, AtenTensorHandle weight, AtenTensorHandle* bias,
                                                 const int64_t* stride, int64_t stride_count, const int64_t* padding,
                                                 int64_t padding_count, const int64_t* dilation, int64_t dilation_count,
                                                 int32_t transposed, const int64_t* output_padding,
                                                 int64_t output_padding_count, int64_t groups,
                                                 AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) {
    const ConvolutionParameters parameters{.stride = values(stride, stride_count),
                                           .padding = values(padding, padding_count),
                                           .dilation = values(dilation, dilation_count),
                                           .transposed = transposed != 0,
                                           .output_padding = values(output_padding, output_padding_count),
                                           .groups = groups};
    return hearth::return_tensor(
        hearth::convolution(context, tensor_of(x), tensor_of(weight), tensor_of(bias), hearth::Tensor(), parameters),
        result);
  });
}

HEARTH_SHIM AotiError aoti_torch_cpu_hearth_conv2d(AtenTensorHandle x, AtenTensorHandle weight, AtenTensorHandle* bias,
                                                   AtenTensorHandle* residual, const int64_t* stride,
                                                   int64_t stride_count, const int64_t* padding, int64_t padding_count,
                                                   const int64_t* dilation, int64_t dilation_count, int64_t groups,
                                                   const char* activation, AtenTensorHandle* result) {
  return hearth::guard_kernel(__func__, [&](const auto& context) -> Status {
    HEARTH_ASSIGN_OR_RETURN(const hearth::Activation epilogue, hearth::parse_activation(activation));
    const ConvolutionParameters parameters{.stride = values(stride, stride_count),
                                           .padding = values(padding, padding_count),
                                           .dilation = values(dilation, dilation_count),
                                           .groups = groups,
                                           .activation = epilogue,
                                           .channels_last_result = true};
    return hearth::return_tensor(
        hearth::convolution(context, tensor_of(x), tensor_of(weight), tensor_of(bias), tensor_of(residual), parameters),
        result);
  });
}
