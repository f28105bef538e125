#include "kernels/cpu/convolution_bfloat16.h"

#include "base/errors.h"
#include "kernels/cpu/converted.h"
#include "kernels/cpu/depthwise_convolution.h"
#include "kernels/cpu/grouped_convolution.h"
#include "kernels/cpu/grouped_images.h"
#include "kernels/cpu/micro_kernels.h"

namespace hearth {

bool multiplies_bfloat16(const ConvolutionShape& shape) {
  return shape.is_depthwise() || (micro_kernels().bfloat16 && multiplies_groups(shape, group_size(DType::kBFloat16)));
}

Status convolve_bfloat16(const KernelContext& context, const ConvolutionShape& shape, const Tensor& x,
                         const Tensor& weight, const Tensor& bias, const Tensor& residual, Activation activation,
                         const Tensor& y) {
  if (shape.is_depthwise()) {
    return convolve_depthwise(context, shape, {.x = x, .weight = weight, .bias = bias, .residual = residual, .y = y},
                              activation);
  }
  const MicroKernels& kernels = micro_kernels();
  ResultSink sink(kernels);
  sink.activation = activation;
  HEARTH_ASSIGN_OR_RETURN(const Tensor channel_bias, dense_bias(context, bias));
  sink.bias = channel_bias.data_as<float>();
  const GroupedConvolution operands{.x = x, .weight = weight, .residual = residual, .y = y};
  return convolve_groups(context, *kernels.bfloat16, shape, operands, sink);
}

}  // namespace hearth
