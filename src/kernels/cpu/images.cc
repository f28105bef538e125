#include "kernels/cpu/images.h"

#include <algorithm>

#include "base/errors.h"
#include "kernels/cpu/parallel_copy.h"

namespace hearth {

std::optional<int64_t> ImageLayout::pixel_stride() const {
  int64_t step = sizes[1];
  int64_t pixels = 1;
  for (const size_t i : {4, 3, 2, 0}) {
    if (sizes[i] == 1) continue;
    if (pixels == 1) step = strides[i];
    if (strides[i] != step * pixels) return std::nullopt;
    pixels *= sizes[i];
  }
  return step;
}

ImageLayout image_layout(const Tensor& tensor) {
  ImageLayout layout{{tensor.size(0), tensor.size(1), 1, 1, 1}, image_strides(tensor)};
  std::copy(tensor.shape().begin() + 2, tensor.shape().end(), layout.sizes.end() - (tensor.rank() - 2));
  if (layout.sizes[1] == 1) layout.strides[1] = 1;
  return layout;
}

ImageLayout channels_last_layout(const std::array<int64_t, 5>& sizes) {
  const auto& [n, c, d, h, w] = sizes;
  return {sizes, {d * h * w * c, 1, h * w * c, w * c, c}};
}

Images images_of(const Tensor& tensor) { return {image_layout(tensor), tensor, tensor.data_as<float>()}; }

Result<Images> empty_channels_last(const KernelContext& context, const ImageLayout& like) {
  const auto& [n, c, d, h, w] = like.sizes;
  HEARTH_ASSIGN_OR_RETURN(Tensor tensor, context.pool->empty(DType::kFloat32, std::array{n, d, h, w, c}));
  auto* data = tensor.data_as<float>();
  return Images{channels_last_layout(like.sizes), std::move(tensor), data};
}

Result<Images> as_channels_last(const KernelContext& context, const Tensor& tensor, bool evenly_spaced) {
  Images images = images_of(tensor);
  if (images.is_channels_last() && (!evenly_spaced || images.pixel_stride())) return images;
  HEARTH_ASSIGN_OR_RETURN(Images copy, empty_channels_last(context, images));
  copy_images(*context.team, images, copy);
  return copy;
}

void copy_images(ThreadTeam& team, const Images& from, const Images& to) {
  parallel_copy(team, from.sizes, from.data, from.strides, to.data, to.strides);
}

}  // namespace hearth
