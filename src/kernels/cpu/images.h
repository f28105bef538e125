#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "kernels/context.h"
#include "kernels/convolution_shape.h"

namespace hearth {

/// How [N, C, D, H, W] images lie in memory.
struct ImageLayout {
  std::array<int64_t, 5> sizes{1, 1, 1, 1, 1};
  ImageStrides strides{};  ///< In elements.

  /// True when the channels of a pixel are adjacent.
  bool is_channels_last() const { return strides[1] == 1; }
  /// The step from pixel to pixel when those of all images can be seen as one sequence.
  std::optional<int64_t> pixel_stride() const;
};

/// The layout of a tensor [N, C, spatial...] of any dtype. A single channel counts as adjacent.
ImageLayout image_layout(const Tensor& tensor);
/// The layout of the same sizes without gaps, channels innermost.
ImageLayout channels_last_layout(const std::array<int64_t, 5>& sizes);

/// Images of float32, and the tensor that keeps the memory.
struct Images : ImageLayout {
  Tensor tensor;
  float* data = nullptr;  ///< Null: no images.
};

/// `tensor` as images, in place.
Images images_of(const Tensor& tensor);

/// Fresh images of the same sizes, dense and channels-last, in pool memory.
Result<Images> empty_channels_last(const KernelContext& context, const ImageLayout& like);

/// The images of `tensor` themselves when they are channels-last (and evenly spaced, where that is asked for), else a
/// dense copy.
Result<Images> as_channels_last(const KernelContext& context, const Tensor& tensor, bool evenly_spaced);

/// Copies elements between images of the same sizes.
void copy_images(ThreadTeam& team, const Images& from, const Images& to);

}  // namespace hearth
