#include "kernels/cpu/convolution_bfloat16.h"

#include "base/errors.h"
#include "kernels/cpu/converted.h"
#include "kernels/cpu/depthwise_convolution.h"
#include "kernels/cpu/grouped_convolution.h"
#include "kernels/cpu/grouped_images.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/cpu/winograd.h"

namespace hearth {
namespace {

Status convolve_by_winograd(const KernelContext& context, const TileKernels& kernels, const ConvolutionShape& shape,
                            const GroupedConvolution& operands, const float* bias, Activation activation) {
  HEARTH_ASSIGN_OR_RETURN(const Images x, grouped_images(context, operands.x));
  EvenImages residual;
  if (operands.residual.defined()) {
    HEARTH_ASSIGN_OR_RETURN(residual, as_even_images(context, operands.residual));
  }
  HEARTH_ASSIGN_OR_RETURN(const EvenImages y, as_even_result(context, operands.y));
  HEARTH_RETURN_IF_ERROR(convolve_winograd(context, kernels,
                                           {.shape = &shape,
                                            .dtype = DType::kBFloat16,
                                            .x = pixels_of(x),
                                            .weight = operands.weight,
                                            .bias = bias,
                                            .residual = pixels_of(residual, shape.output),
                                            .y = pixels_of(y, shape.output),
                                            .activation = activation}));
  copy_even_images(*context.team, y, operands.y);
  return {};
}

}  // namespace

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
  HEARTH_ASSIGN_OR_RETURN(const Tensor channel_bias, dense_bias(context, bias));
  const GroupedConvolution operands{.x = x, .weight = weight, .residual = residual, .y = y};
  if (suits_winograd(*kernels.bfloat16, shape, weight)) {
    return convolve_by_winograd(context, *kernels.bfloat16, shape, operands, channel_bias.data_as<float>(), activation);
  }
  ResultSink sink(kernels);
  sink.activation = activation;
  sink.bias = channel_bias.data_as<float>();
  return convolve_groups(context, *kernels.bfloat16, shape, operands, sink);
}

}  // namespace hearth
