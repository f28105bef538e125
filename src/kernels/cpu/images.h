#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "kernels/context.h"
#include "kernels/convolution_shape.h"

namespace hearth {

/// [N, C, D, H, W] images in memory, and the tensor that keeps the memory.
struct Images {
  Tensor tensor;
  float* data = nullptr;  ///< Null: no images.
  std::array<int64_t, 5> sizes{1, 1, 1, 1, 1};
  ImageStrides strides{};

  /// True when the channels of a pixel are adjacent.
  bool is_channels_last() const { return strides[1] == 1; }
  /// The step from pixel to pixel when those of all images can be seen as one sequence.
  std::optional<int64_t> pixel_stride() const;
};

/// `tensor` as images, in place. A single channel counts as adjacent.
Images images_of(const Tensor& tensor);

/// Fresh images of the same sizes, dense and channels-last, in pool memory.
Result<Images> empty_channels_last(const KernelContext& context, const Images& like);

/// The images of `tensor` themselves when they are channels-last (and evenly spaced, where that is asked for), else a
/// dense copy.
Result<Images> as_channels_last(const KernelContext& context, const Tensor& tensor, bool evenly_spaced);

/// Copies elements between images of the same sizes.
void copy_images(ThreadTeam& team, const Images& from, const Images& to);

}  // namespace hearth
