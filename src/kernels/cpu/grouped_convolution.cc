#include "kernels/cpu/grouped_convolution.h"

#include "base/errors.h"
#include "kernels/cpu/convolution_panels.h"
#include "kernels/cpu/grouped_images.h"
#include "kernels/cpu/image_rows.h"
#include "kernels/cpu/image_windows.h"
#include "kernels/cpu/joined_windows.h"

namespace hearth {
namespace {

/// True when lines of their own suit tiles badly: those with many rows, which want whole ones.
bool should_join_lines(const TileKernels& kernels) { return kernels.depth_step > 1; }

/// Multiplies with the input in whatever way suits the convolution.
Status multiply(const KernelContext& context, const TileKernels& kernels, const ConvolutionShape& shape,
                const Images& x, uint8_t padding, Gemm& gemm, ResultSink& sink) {
  gemm.sink = &sink;
  if (should_join_lines(kernels) && JoinedWindows::suits(shape, kernels.depth_step)) {
    HEARTH_ASSIGN_OR_RETURN(const JoinedWindows windows, JoinedWindows::create(context, shape, x, padding));
    gemm.windows = &windows;
    gemm.rows = shape.batch * windows.line_length();
    sink.line_step = windows.line_step();
    sink.line_rows = shape.output[2];
    sink.image_rows = windows.line_length();
    sink.image_lines = shape.output[1];
    return run_gemm(context, kernels, gemm);
  }
  sink.set_plain_rows(shape.output_pixels());
  if (ImageWindows::suits(shape, kernels.depth_step)) {
    HEARTH_ASSIGN_OR_RETURN(const ImageWindows windows, ImageWindows::create(context, shape, x, padding));
    gemm.windows = &windows;
    return run_gemm(context, kernels, gemm);
  }
  const std::optional<int64_t> pixel = x.pixel_stride();
  if (shape.is_pointwise() && pixel && shape.group_in_channels() == gemm.depth) {
    gemm.a = x.data;
    gemm.a_instance = gemm.depth;
    gemm.a_row = *pixel;
    return run_gemm(context, kernels, gemm);
  }
  const ImageRows rows(shape, x.data, x.strides, padding);
  gemm.blocks = &rows;
  return run_gemm(context, kernels, gemm);
}

}  // namespace

bool multiplies_groups(const ConvolutionShape& shape, int64_t group) {
  return !shape.is_depthwise() && (shape.groups == 1 || shape.group_in_channels() % group == 0);
}

Status convolve_groups(const KernelContext& context, const TileKernels& kernels, const ConvolutionShape& shape,
                       const GroupedConvolution& operands, ResultSink& sink) {
  const PanelSource source = convolution_panels(operands.weight, shape);
  HEARTH_ASSIGN_OR_RETURN(const Tensor panels,
                          packed_groups(context, kernels, operands.weight, convolution_role(shape), source));
  Gemm gemm;
  gemm.instances = shape.groups;
  gemm.rows = shape.batch * shape.output_pixels();
  gemm.columns = shape.group_out_channels();
  gemm.depth = grouped_depth(kernels, source);
  gemm.b = panels.data_as<float>();
  gemm.b_instance = packed_instance_size(kernels, gemm.depth, gemm.columns);

  sink.bias_instance = gemm.columns;
  EvenImages added;
  if (operands.residual.defined()) {
    HEARTH_ASSIGN_OR_RETURN(added, as_even_images(context, operands.residual));
    sink.residual = added.rows(gemm.columns, operands.residual_affine);
  }
  HEARTH_ASSIGN_OR_RETURN(const EvenImages result, as_even_result(context, operands.y));
  sink.result = result.rows(gemm.columns, operands.y_affine);

  HEARTH_ASSIGN_OR_RETURN(const Images images, grouped_images(context, operands.x));
  ConvolutionShape in_groups = shape;
  in_groups.in_channels = images.sizes[1];
  HEARTH_RETURN_IF_ERROR(multiply(context, kernels, in_groups, images, operands.padding, gemm, sink));
  copy_even_images(*context.team, result, operands.y);
  return {};
}

}  // namespace hearth
