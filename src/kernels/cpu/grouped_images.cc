#include "kernels/cpu/grouped_images.h"

#include <cstring>

#include "base/errors.h"
#include "kernels/cpu/parallel_copy.h"

namespace hearth {
namespace {

size_t element_bytes(const Tensor& tensor) { return static_cast<size_t>(dtype_bits(tensor.dtype()) / 8); }

/// True when `tensor` can be read as groups of channels where it lies.
bool lies_in_groups(const Tensor& tensor, const ImageLayout& layout, int64_t group) {
  if (!layout.is_channels_last() || layout.sizes[1] % group != 0) return false;
  for (const size_t i : {0, 2, 3, 4}) {
    if (layout.sizes[i] > 1 && layout.strides[i] % group != 0) return false;
  }
  return reinterpret_cast<uintptr_t>(tensor.data()) % alignof(float) == 0;
}

/// `tensor` itself where it is even, else nothing.
std::optional<EvenImages> even_images(const Tensor& tensor) {
  const ImageLayout layout = image_layout(tensor);
  const std::optional<int64_t> pixel = layout.pixel_stride();
  if (!layout.is_channels_last() || !pixel) return std::nullopt;
  return EvenImages{tensor, *pixel};
}

}  // namespace

Result<EvenImages> empty_even_images(const KernelContext& context, const Tensor& like) {
  const auto [n, c, d, h, w] = image_layout(like).sizes;
  HEARTH_ASSIGN_OR_RETURN(Tensor tensor, context.pool->empty(like.dtype(), std::array{n, d, h, w, c}));
  return EvenImages{std::move(tensor), c};
}

Result<EvenImages> as_even_images(const KernelContext& context, const Tensor& tensor) {
  if (const auto images = even_images(tensor)) return *images;
  HEARTH_ASSIGN_OR_RETURN(EvenImages copy, empty_even_images(context, tensor));
  const ImageLayout layout = image_layout(tensor);
  parallel_copy(*context.team, element_bytes(tensor), layout.sizes, tensor.data(), layout.strides, copy.tensor.data(),
                channels_last_layout(layout.sizes).strides);
  return copy;
}

Result<EvenImages> as_even_result(const KernelContext& context, const Tensor& tensor) {
  if (const auto images = even_images(tensor)) return *images;
  return empty_even_images(context, tensor);
}

void copy_even_images(ThreadTeam& team, const EvenImages& from, const Tensor& to) {
  if (from.tensor.data() == to.data()) return;
  const ImageLayout layout = image_layout(to);
  parallel_copy(team, element_bytes(to), layout.sizes, from.tensor.data(), channels_last_layout(layout.sizes).strides,
                to.data(), layout.strides);
}

Result<Images> grouped_images(const KernelContext& context, const Tensor& tensor) {
  const ImageLayout layout = image_layout(tensor);
  const int64_t group = group_size(tensor.dtype());
  if (lies_in_groups(tensor, layout, group)) {
    Images images{layout, tensor, static_cast<float*>(tensor.data())};
    images.sizes[1] /= group;
    for (const size_t i : {0, 2, 3, 4}) images.strides[i] /= group;
    return images;
  }
  ImageLayout grouped = layout;
  grouped.sizes[1] = (layout.sizes[1] + group - 1) / group;
  HEARTH_ASSIGN_OR_RETURN(Images images, empty_channels_last(context, grouped));
  if (layout.sizes[1] % group != 0) std::memset(images.data, 0, images.tensor.byte_count());
  ImageStrides strides = images.strides;
  for (const size_t i : {0, 2, 3, 4}) strides[i] *= group;
  parallel_copy(*context.team, element_bytes(tensor), layout.sizes, tensor.data(), layout.strides, images.data,
                strides);
  return images;
}

}  // namespace hearth
