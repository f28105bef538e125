#include "kernels/cpu/convolution_bfloat16.h"

#include <cstring>

#include "base/errors.h"
#include "kernels/cpu/converted.h"
#include "kernels/cpu/convolution_panels.h"
#include "kernels/cpu/image_rows.h"
#include "kernels/cpu/images.h"
#include "kernels/cpu/joined_windows.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/cpu/parallel_copy.h"
#include "kernels/cpu/result_sink.h"

namespace hearth {
namespace {

/// bfloat16 numbers that one element of a product holds.
constexpr int64_t kPair = 2;

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The convolution as one of pairs of channels.
ConvolutionShape in_pairs(ConvolutionShape shape) {
  shape.in_channels = divide_up(shape.in_channels, kPair);
  return shape;
}

/// bfloat16 images whose pixels are evenly spaced and have adjacent channels.
struct EvenImages {
  Tensor tensor;
  int64_t pixel = 0;

  RowsInMemory rows(int64_t channels) const { return {static_cast<std::byte*>(tensor.data()), channels, pixel}; }
};

void copy_pixels(ThreadTeam& team, const ImageLayout& from, const Tensor& from_tensor, const ImageLayout& to,
                 const Tensor& to_tensor) {
  parallel_copy(team, from.sizes, from_tensor.data_as<BFloat16>(), from.strides, to_tensor.data_as<BFloat16>(),
                to.strides);
}

Result<EvenImages> empty_even_images(const KernelContext& context, const ImageLayout& like) {
  const auto& [n, c, d, h, w] = like.sizes;
  HEARTH_ASSIGN_OR_RETURN(Tensor tensor, context.pool->empty(DType::kBFloat16, std::array{n, d, h, w, c}));
  return EvenImages{std::move(tensor), c};
}

/// `tensor` itself where it can be, else a copy.
Result<EvenImages> as_even_images(const KernelContext& context, const Tensor& tensor) {
  const ImageLayout layout = image_layout(tensor);
  const std::optional<int64_t> pixel = layout.pixel_stride();
  if (layout.is_channels_last() && pixel) return EvenImages{tensor, *pixel};
  HEARTH_ASSIGN_OR_RETURN(EvenImages copy, empty_even_images(context, layout));
  copy_pixels(*context.team, layout, tensor, channels_last_layout(layout.sizes), copy.tensor);
  return copy;
}

/// True when `tensor` can be read as pairs of channels where it lies.
bool lies_in_pairs(const Tensor& tensor, const ImageLayout& layout) {
  if (!layout.is_channels_last() || layout.sizes[1] % kPair != 0) return false;
  for (const size_t i : {0, 2, 3, 4}) {
    if (layout.sizes[i] > 1 && layout.strides[i] % kPair != 0) return false;
  }
  return reinterpret_cast<uintptr_t>(tensor.data()) % alignof(float) == 0;
}

/// `tensor` as channels-last images of pairs: in place, or as a copy whose last pair is filled up with a zero.
Result<Images> paired_images(const KernelContext& context, const Tensor& tensor) {
  ImageLayout layout = image_layout(tensor);
  if (lies_in_pairs(tensor, layout)) {
    Images images{layout, tensor, static_cast<float*>(tensor.data())};
    images.sizes[1] /= kPair;
    for (const size_t i : {0, 2, 3, 4}) images.strides[i] /= kPair;
    return images;
  }
  ImageLayout paired = layout;
  paired.sizes[1] = divide_up(layout.sizes[1], kPair);
  HEARTH_ASSIGN_OR_RETURN(Images images, empty_channels_last(context, paired));
  if (layout.sizes[1] % kPair != 0) std::memset(images.data, 0, images.tensor.byte_count());
  ImageStrides strides = images.strides;
  for (const size_t i : {0, 2, 3, 4}) strides[i] *= kPair;
  parallel_copy(*context.team, layout.sizes, tensor.data_as<BFloat16>(), layout.strides,
                static_cast<BFloat16*>(images.tensor.data()), strides);
  return images;
}

/// Multiplies with the input in whatever way suits the convolution.
Status multiply(const KernelContext& context, const TileKernels& kernels, const ConvolutionShape& shape,
                const Images& x, Gemm& gemm, ResultSink& sink) {
  sink.line_step = sink.line_rows = sink.image_rows = shape.output_pixels();
  gemm.sink = &sink;
  if (JoinedWindows::suits(shape, kernels.depth_step)) {
    HEARTH_ASSIGN_OR_RETURN(const JoinedWindows windows, JoinedWindows::create(context, shape, x));
    gemm.windows = &windows;
    gemm.rows = shape.batch * windows.line_length();
    sink.line_step = windows.line_step();
    sink.line_rows = shape.output[2];
    sink.image_rows = windows.line_length();
    sink.image_lines = shape.output[1];
    return run_gemm(context, kernels, gemm);
  }
  const std::optional<int64_t> pixel = x.pixel_stride();
  if (shape.is_pointwise() && pixel && shape.group_in_channels() == gemm.depth) {
    gemm.a = x.data;
    gemm.a_instance = gemm.depth;
    gemm.a_row = *pixel;
    return run_gemm(context, kernels, gemm);
  }
  const ImageRows rows(shape, x.data, x.strides);
  gemm.blocks = &rows;
  return run_gemm(context, kernels, gemm);
}

}  // namespace

bool multiplies_bfloat16(const ConvolutionShape& shape) {
  return micro_kernels().bfloat16 && !shape.is_depthwise() &&
         (shape.groups == 1 || shape.group_in_channels() % kPair == 0);
}

Status convolve_bfloat16(const KernelContext& context, const ConvolutionShape& shape, const Tensor& x,
                         const Tensor& weight, const Tensor& bias, const Tensor& residual, Activation activation,
                         const Tensor& y) {
  const TileKernels& kernels = *micro_kernels().bfloat16;
  const PanelSource source = convolution_panels(weight, shape);
  HEARTH_ASSIGN_OR_RETURN(const Tensor panels,
                          packed_groups(context, kernels, weight, convolution_role(shape), source));
  Gemm gemm;
  gemm.instances = shape.groups;
  gemm.rows = shape.batch * shape.output_pixels();
  gemm.columns = shape.group_out_channels();
  gemm.depth = grouped_depth(kernels, source);
  gemm.b = panels.data_as<float>();
  gemm.b_instance = packed_instance_size(kernels, gemm.depth, gemm.columns);

  ResultSink sink(micro_kernels());
  sink.dtype = DType::kBFloat16;
  sink.activation = activation;
  HEARTH_ASSIGN_OR_RETURN(const Tensor channel_bias, dense_bias(context, bias));
  sink.bias = channel_bias.data_as<float>();
  sink.bias_instance = gemm.columns;
  EvenImages added;
  if (residual.defined()) {
    HEARTH_ASSIGN_OR_RETURN(added, as_even_images(context, residual));
    sink.residual = added.rows(gemm.columns);
  }
  const ImageLayout layout = image_layout(y);
  const std::optional<int64_t> pixel = layout.pixel_stride();
  const bool direct = layout.is_channels_last() && pixel;
  EvenImages result{y, pixel.value_or(0)};
  if (!direct) {
    HEARTH_ASSIGN_OR_RETURN(result, empty_even_images(context, layout));
  }
  sink.result = result.rows(gemm.columns);
  HEARTH_ASSIGN_OR_RETURN(const Images images, paired_images(context, x));
  HEARTH_RETURN_IF_ERROR(multiply(context, kernels, in_pairs(shape), images, gemm, sink));
  if (!direct) copy_pixels(*context.team, channels_last_layout(layout.sizes), result.tensor, layout, y);
  return {};
}

}  // namespace hearth
