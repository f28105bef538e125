#pragma once

#include "kernels/context.h"
#include "kernels/convolution_shape.h"

namespace hearth::gpu {

/// [batch, channels, depth, height, width] in the GPU's memory; the filters of a weight can be seen so, too.
struct Images {
  const void* data = nullptr;
  DType dtype = DType::kFloat32;
  std::array<int64_t, 5> sizes{};
  ImageStrides strides{};
};

Images images_of(const Tensor& tensor, const std::array<int64_t, 3>& spatial_sizes);

/// True when they are what dense_channels_last() would make of them.
bool are_dense_channels_last(const Images& images, int64_t multiple);

/// A dense copy [batch, depth, height, width, channels], the channels filled up with zeros to a multiple of `multiple`.
/// Elements of 1, 2 or 4 bytes. kUnavailable for more than 2^30 pixels.
Result<Tensor> dense_channels_last(const KernelContext& context, const Images& images, int64_t multiple);

}  // namespace hearth::gpu
