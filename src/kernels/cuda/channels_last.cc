#include "kernels/cuda/channels_last.h"

#include <algorithm>

#include "kernels/cuda/convolution_operands.h"
#include "kernels/cuda/convolution_parameters.h"
#include "kernels/cuda/launch.h"
#include "tensor/layout.h"

namespace hearth::gpu {
namespace {

constexpr int64_t kMostRows = int64_t{1} << 30;
constexpr int64_t kSide = 32;
constexpr uint32_t kThreadsDown = 8;

int64_t rounded_up(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace

Images images_of(const Tensor& tensor, const std::array<int64_t, 3>& spatial_sizes) {
  const std::array<int64_t, 5> sizes{tensor.size(0), tensor.size(1), spatial_sizes[0], spatial_sizes[1],
                                     spatial_sizes[2]};
  return {tensor.data(), tensor.dtype(), sizes, meaningful_strides(sizes, image_strides(tensor))};
}

bool are_dense_channels_last(const Images& images, int64_t multiple) {
  if (images.sizes[1] % multiple != 0 || !channels_lie_in(multiple, images.data, images.dtype, images.strides)) {
    return false;
  }
  int64_t stride = images.sizes[1];
  for (const size_t i : {4, 3, 2, 0}) {
    if (images.sizes[i] != 1 && images.strides[i] != stride) return false;
    stride *= images.sizes[i];
  }
  return true;
}

Result<Tensor> dense_channels_last(const KernelContext& context, const Images& images, int64_t multiple) {
  const auto& sizes = images.sizes;
  const int64_t channels = rounded_up(sizes[1], multiple);
  const std::array<int64_t, 5> shape{sizes[0], sizes[2], sizes[3], sizes[4], channels};
  const auto rows = (CheckedSize(sizes[0]) * sizes[2] * sizes[3] * sizes[4]).as<int64_t>();
  if (!rows || *rows > kMostRows || channels > kSide * 65535) {
    return unavailable("images of {} are made channels-last", describe_shape(sizes));
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor copy, context.pool->empty(images.dtype, shape));
  if (copy.element_count() == 0) return copy;
  ChannelsLastCopy parameters{};
  std::ranges::copy(images.strides, parameters.strides);
  for (size_t i = 0; i < 3; ++i) parameters.sizes[i] = static_cast<int32_t>(sizes[2 + i]);
  parameters.rows = static_cast<int32_t>(*rows);
  parameters.channels = static_cast<int32_t>(sizes[1]);
  parameters.padded_channels = static_cast<int32_t>(channels);
  parameters.pixels_are_near = images.strides[4] < images.strides[1] ? 1 : 0;
  const LaunchShape launch_shape{.grid = {static_cast<uint32_t>(rounded_up(*rows, kSide) / kSide),
                                          static_cast<uint32_t>(rounded_up(channels, kSide) / kSide)},
                                 .block = {static_cast<uint32_t>(kSide), kThreadsDown}};
  HEARTH_RETURN_IF_ERROR(launch(*context.gpu, "channels_last",
                                fmt::format("channels_last_{}", dtype_bits(images.dtype) / 8), launch_shape,
                                copy.data(), images.data, parameters));
  return copy;
}

}  // namespace hearth::gpu
