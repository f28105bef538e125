#include "kernels/convolution.h"

#include <array>

#include "base/errors.h"
#include "kernels/convolution_shape.h"
#include "kernels/cpu/converted.h"
#include "kernels/cpu/depthwise.h"
#include "kernels/cpu/gemm.h"
#include "kernels/cpu/image_rows.h"
#include "kernels/cpu/image_windows.h"
#include "kernels/cpu/images.h"
#include "kernels/cpu/pack.h"
#include "kernels/cpu/parallel_copy.h"

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

bool is_depthwise(const ConvolutionShape& shape) {
  return !shape.transposed && shape.groups > 1 && shape.in_channels == shape.groups &&
         shape.out_channels == shape.groups;
}

/// True when each output pixel meets exactly the input pixel of the same number.
bool is_pointwise(const ConvolutionShape& shape) {
  const std::array<int64_t, 3> ones{1, 1, 1};
  return shape.kernel == ones && shape.stride == ones && shape.output == shape.input;
}

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
  if (!bias.defined()) return operands;
  operands.bias = bias;
  if (!bias.is_contiguous()) {
    HEARTH_ASSIGN_OR_RETURN(operands.bias, row_major_copy(context, bias));
  }
  operands.bias_data = operands.bias.data_as<float>();
  return operands;
}

/// The weight as the right operand of a product for each group: depth runs over taps, then input channels.
PanelSource panel_source(const Tensor& weight, const ConvolutionShape& shape) {
  const ImageStrides strides = image_strides(weight);
  const int64_t out_stride = shape.transposed ? strides[1] : strides[0];
  const int64_t in_stride = shape.transposed ? strides[0] : strides[1];
  PanelSource source;
  source.data = weight.data_as<float>();
  source.instances = shape.groups;
  source.instance_stride =
      shape.transposed ? shape.group_in_channels() * in_stride : shape.group_out_channels() * out_stride;
  source.depth_sizes = {shape.kernel[0], shape.kernel[1], shape.kernel[2], shape.group_in_channels()};
  source.depth_strides = {strides[2], strides[3], strides[4], in_stride};
  source.columns = shape.group_out_channels();
  source.column_stride = out_stride;
  return source;
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

  const std::string role =
      fmt::format("{}convolution of {} groups", shape.transposed ? "transposed " : "", shape.groups);
  HEARTH_ASSIGN_OR_RETURN(const Tensor panels,
                          packed_panels(context, kernels, weight, role, panel_source(weight, shape)));
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
  if (ImageWindows::suits(shape)) {
    HEARTH_ASSIGN_OR_RETURN(const ImageWindows windows, ImageWindows::create(context, shape, operands.x));
    gemm.windows = &windows;
    return run_gemm(context, kernels, gemm);
  }
  HEARTH_ASSIGN_OR_RETURN(const Images x, as_channels_last(context, operands.x, is_pointwise(shape)));
  if (is_pointwise(shape)) {
    gemm.a = x.data;
    gemm.a_instance = gemm.depth;
    gemm.a_row = *x.pixel_stride();
    return run_gemm(context, kernels, gemm);
  }
  const ImageRows rows(shape, x.data, x.strides);
  gemm.blocks = &rows;
  return run_gemm(context, kernels, gemm);
}

/// The weight [C, 1, kernel...] as [taps, C].
Result<Tensor> depthwise_weights(const KernelContext& context, const Tensor& weight, const ConvolutionShape& shape) {
  const auto pack = [&](const Tensor& from) -> Result<Tensor> {
    const ImageStrides strides = image_strides(from);
    const std::array<int64_t, 4> sizes{shape.kernel[0], shape.kernel[1], shape.kernel[2], shape.in_channels};
    HEARTH_ASSIGN_OR_RETURN(Tensor packed, Tensor::empty(DType::kFloat32, sizes));
    parallel_copy(*context.team, sizes, from.data_as<float>(),
                  std::array{strides[2], strides[3], strides[4], strides[0]}, packed.data_as<float>(),
                  packed.strides());
    return packed;
  };
  if (!weight.storage()->is_constant()) return pack(weight);
  return context.packed->get(weight, "depthwise convolution by taps", pack);
}

Status convolve_depthwise(const KernelContext& context, const ConvolutionShape& shape, const Operands& operands,
                          const Tensor& weight, Activation activation) {
  HEARTH_ASSIGN_OR_RETURN(const Tensor weights, depthwise_weights(context, weight, shape));
  HEARTH_ASSIGN_OR_RETURN(const Images x, as_channels_last(context, operands.x, /*evenly_spaced=*/false));
  Depthwise depthwise;
  depthwise.shape = &shape;
  depthwise.input = x.data;
  depthwise.input_strides = x.strides;
  depthwise.weights = weights.data_as<float>();
  depthwise.output = operands.y.data;
  depthwise.output_strides = operands.y.strides;
  depthwise.bias = operands.bias_data;
  depthwise.residual = operands.residual.data;
  depthwise.residual_strides = operands.residual.strides;
  depthwise.activation = activation;
  run_depthwise(*context.team, micro_kernels(), depthwise);
  return {};
}

}  // namespace

Result<Tensor> convolution(const KernelContext& context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                           const Tensor& residual, const ConvolutionParameters& parameters) {
  if (is_converted(x)) return converted_convolution(context, x, weight, bias, residual, parameters);
  HEARTH_ASSIGN_OR_RETURN(const ConvolutionShape shape, convolution_shape(x, weight, bias, residual, parameters));
  HEARTH_ASSIGN_OR_RETURN(Tensor y, empty_convolution_result(*context.pool, x, weight, shape));
  if (y.element_count() == 0) return y;
  HEARTH_ASSIGN_OR_RETURN(const Operands operands, prepare(context, x, bias, residual, y));
  const auto convolve = is_depthwise(shape) ? convolve_depthwise : convolve_by_gemm;
  HEARTH_RETURN_IF_ERROR(convolve(context, shape, operands, weight, parameters.activation));
  if (operands.y.data != y.data_as<float>()) copy_images(*context.team, operands.y, images_of(y));
  return y;
}

}  // namespace hearth
