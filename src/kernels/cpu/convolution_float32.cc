#include "kernels/cpu/convolution_float32.h"

#include "base/errors.h"
#include "kernels/cpu/converted.h"
#include "kernels/cpu/convolution_panels.h"
#include "kernels/cpu/depthwise_convolution.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/image_rows.h"
#include "kernels/cpu/image_windows.h"
#include "kernels/cpu/images.h"
#include "kernels/cpu/winograd.h"

namespace hearth {
namespace {

/// What a convolution works on: result and residual are channels-last and evenly spaced.
struct Operands {
  Tensor x;  ///< As it came.
  Images y;
  Images residual;
  Tensor bias;
  const float* bias_data = nullptr;
};

Result<Operands> prepare(const KernelContext& context, const Tensor& x, const Tensor& bias, const Tensor& residual,
                         const Tensor& y) {
  Operands operands;
  operands.x = x;
  operands.y = images_of(y);
  if (!operands.y.is_channels_last() || !operands.y.pixel_stride()) {
    HEARTH_ASSIGN_OR_RETURN(operands.y, empty_channels_last(context, images_of(y)));
  }
  if (residual.defined()) {
    HEARTH_ASSIGN_OR_RETURN(operands.residual, as_channels_last(context, residual, /*evenly_spaced=*/true));
  }
  HEARTH_ASSIGN_OR_RETURN(operands.bias, dense_bias(context, bias));
  operands.bias_data = operands.bias.data_as<float>();
  return operands;
}

Status convolve_by_winograd(const KernelContext& context, const ConvolutionShape& shape, const Operands& operands,
                            const Tensor& weight, Activation activation) {
  HEARTH_ASSIGN_OR_RETURN(const Images x, as_channels_last(context, operands.x, /*evenly_spaced=*/false));
  return convolve_winograd(context, micro_kernels(),
                           {.shape = &shape,
                            .x = pixels_of(x),
                            .weight = weight,
                            .bias = operands.bias_data,
                            .residual = pixels_of(operands.residual),
                            .y = pixels_of(operands.y),
                            .activation = activation});
}

Status convolve_by_gemm(const KernelContext& context, const ConvolutionShape& shape, const Operands& operands,
                        const Tensor& weight, Activation activation) {
  const MicroKernels& kernels = micro_kernels();
  Gemm gemm;
  gemm.instances = shape.groups;
  gemm.rows = shape.batch * shape.output_pixels();
  gemm.columns = shape.group_out_channels();
  gemm.depth = shape.taps() * shape.group_in_channels();
  gemm.activation = activation;

  HEARTH_ASSIGN_OR_RETURN(const Tensor panels, packed_panels(context, kernels, weight, convolution_role(shape),
                                                             convolution_panels(weight, shape)));
  gemm.b = panels.data_as<float>();
  gemm.b_instance = packed_instance_size(kernels, gemm.depth, gemm.columns);
  gemm.c = operands.y.data;
  gemm.c_instance = gemm.columns;
  gemm.c_row = *operands.y.pixel_stride();
  gemm.bias = operands.bias_data;
  gemm.bias_instance = gemm.columns;
  if (operands.residual.data) {
    gemm.residual = operands.residual.data;
    gemm.residual_instance = gemm.columns;
    gemm.residual_row = *operands.residual.pixel_stride();
  }
  if (ImageWindows::suits(shape, kernels.depth_step)) {
    HEARTH_ASSIGN_OR_RETURN(const ImageWindows windows, ImageWindows::create(context, shape, images_of(operands.x)));
    gemm.windows = &windows;
    return run_gemm(context, kernels, gemm);
  }
  HEARTH_ASSIGN_OR_RETURN(const Images x, as_channels_last(context, operands.x, shape.is_pointwise()));
  if (shape.is_pointwise()) {
    gemm.a = x.data;
    gemm.a_instance = gemm.depth;
    gemm.a_row = *x.pixel_stride();
    return run_gemm(context, kernels, gemm);
  }
  const ImageRows rows(shape, x.data, x.strides);
  gemm.blocks = &rows;
  return run_gemm(context, kernels, gemm);
}

}  // namespace

Status convolve_float32(const KernelContext& context, const ConvolutionShape& shape, const Tensor& x,
                        const Tensor& weight, const Tensor& bias, const Tensor& residual, Activation activation,
                        const Tensor& y) {
  if (shape.is_depthwise()) {
    return convolve_depthwise(context, shape, {.x = x, .weight = weight, .bias = bias, .residual = residual, .y = y},
                              activation);
  }
  HEARTH_ASSIGN_OR_RETURN(const Operands operands, prepare(context, x, bias, residual, y));
  const auto convolve = suits_winograd(micro_kernels(), shape, weight) ? convolve_by_winograd : convolve_by_gemm;
  HEARTH_RETURN_IF_ERROR(convolve(context, shape, operands, weight, activation));
  if (operands.y.data != y.data_as<float>()) copy_images(*context.team, operands.y, images_of(y));
  return {};
}

}  // namespace hearth
