#include "kernels/cuda/direct_convolution.h"

#include <algorithm>
#include <limits>

#include "kernels/cuda/convolution_filters.h"
#include "kernels/cuda/launch.h"

namespace hearth::gpu {
namespace {

constexpr int64_t kThreads = 128;
constexpr int64_t kMostBlocks = std::numeric_limits<int32_t>::max();

DirectConvolution parameters_of(const ConvolutionOperands& operands, const ResultPlace& place) {
  const ConvolutionShape& shape = operands.shape;
  DirectConvolution parameters{};
  parameters.window = window_of(shape, whole_convolution(shape));
  parameters.result = place.parameters;
  std::ranges::copy(images_of(operands.x, shape.input).strides, parameters.x_strides);
  std::ranges::copy(image_strides(operands.weight), parameters.weight_strides);
  parameters.weight_group_stride =
      parameters.weight_strides[0] * (shape.transposed ? shape.group_in_channels() : shape.group_out_channels());
  if (shape.transposed) std::swap(parameters.weight_strides[0], parameters.weight_strides[1]);
  for (size_t i = 0; i < 3; ++i) {
    parameters.divisor[i] = shape.transposed ? static_cast<int32_t>(shape.stride[i]) : 1;
  }
  parameters.group_inputs = static_cast<int32_t>(shape.group_in_channels());
  parameters.group_outputs = static_cast<int32_t>(shape.group_out_channels());
  if (operands.layer != nullptr) parameters.x_zero = operands.layer->x_zero;
  return parameters;
}

Status launch_direct(const KernelContext& context, std::string_view kind, const ConvolutionOperands& operands,
                     int64_t threads, const ResultPlace& place, const void* weight,
                     const DirectConvolution& parameters) {
  const int64_t blocks = (threads + kThreads - 1) / kThreads;
  if (blocks > kMostBlocks) return unavailable("convolution: a result is {}", describe(operands.y));
  const LaunchShape shape{.grid = {static_cast<uint32_t>(blocks)}, .block = {kThreads}};
  const std::string function = fmt::format("{}_{}", kind, dtype_name(operands.x.dtype()));
  const void* x = operands.x.data();
  if (operands.layer == nullptr) {
    return launch(*context.gpu, "direct_convolution", function, shape, place.y, x, weight, place.bias, place.residual,
                  parameters);
  }
  return launch(*context.gpu, "direct_convolution", function, shape, place.y, x, weight, operands.layer->scales.data(),
                place.bias, place.residual, parameters, byte_finish(*operands.layer));
}

/// The weight of a depthwise convolution as one filter with all channels.
Images depthwise_filter(const ConvolutionOperands& operands) {
  Images filter = images_of(operands.weight, operands.shape.kernel);
  std::swap(filter.sizes[0], filter.sizes[1]);
  std::swap(filter.strides[0], filter.strides[1]);
  return filter;
}

}  // namespace

Status convolve_directly(const KernelContext& context, const ConvolutionOperands& operands) {
  const ConvolutionShape& shape = operands.shape;
  const ResultPlace place = result_place(operands, whole_convolution(shape));
  const DirectConvolution parameters = parameters_of(operands, place);
  const int64_t results = int64_t{place.parameters.rows} * shape.out_channels;
  const Images images = images_of(operands.x, shape.input);
  const int64_t numbers = kPieceBytes * 8 / dtype_bits(images.dtype);
  if (!shape.is_depthwise() || shape.out_channels % numbers != 0 || place.parameters.in_fours == 0 ||
      !channels_lie_in(numbers, images.data, images.dtype, images.strides)) {
    return launch_direct(context, "direct", operands, results, place, operands.weight.data(), parameters);
  }
  HEARTH_ASSIGN_OR_RETURN(
      const PackedFilters filter,
      packed_filters(context, operands.weight, depthwise_filter(operands), numbers, "depthwise filters for GPUs"));
  return launch_direct(context, "depthwise", operands, results / numbers, place, filter.data, parameters);
}

}  // namespace hearth::gpu
