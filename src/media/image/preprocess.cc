#include "media/image/preprocess.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/errors.h"
#include "media/image/resize.h"

namespace hearth {
namespace {

using Resize = ImagePreprocess::Resize;

Result<Image> resize_step(const Image& image, const ImagePreprocess& preprocess) {
  int64_t width = preprocess.resize_width;
  int64_t height = preprocess.resize_height;
  if (preprocess.resize == Resize::kShortestEdge) {
    if (image.width <= image.height) {
      height = width * image.height / image.width;
    } else {
      width = height * image.width / image.height;
    }
  }
  HEARTH_RETURN_IF_ERROR(check_image_size(width, height, ImageLimits{}));
  return resize_image(image, static_cast<int>(width), static_cast<int>(height), preprocess.resample);
}

/// Where `size` pixels lie in a frame of `frame`: negative when they are more.
int crop_offset(int size, int frame) { return size >= frame ? -((size - frame) / 2) : (frame - size + 1) / 2; }

Result<Image> crop_step(const Image& image, const ImagePreprocess& preprocess) {
  HEARTH_RETURN_IF_ERROR(check_image_size(preprocess.crop_width, preprocess.crop_height, ImageLimits{}));
  HEARTH_ASSIGN_OR_RETURN(Image cropped, make_image(preprocess.crop_width, preprocess.crop_height));
  const int top = crop_offset(image.height, cropped.height);
  const int left = crop_offset(image.width, cropped.width);
  const int first = std::max(left, 0);
  const int count = std::min(left + image.width, cropped.width) - first;
  for (int y = std::max(top, 0); y < std::min(top + image.height, cropped.height); ++y) {
    std::copy_n(image.row(y - top) + (first - left) * Image::kChannels, count * Image::kChannels,
                cropped.row(y) + first * Image::kChannels);
  }
  return cropped;
}

/// ITU-R 601-2 luma in Pillow's fixed point.
uint8_t grey_of(const uint8_t* rgb) {
  return static_cast<uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

/// What each byte becomes in one channel.
std::array<float, 256> normalise_table(const ImagePreprocess& preprocess, size_t channel) {
  std::array<float, 256> table{};
  const auto mean = static_cast<float>(preprocess.mean[channel]);
  const auto deviation = static_cast<float>(preprocess.std[channel]);
  for (size_t value = 0; value < table.size(); ++value) {
    table[value] = (static_cast<float>(static_cast<double>(value) * preprocess.rescale) - mean) / deviation;
  }
  return table;
}

Result<Tensor> normalise_step(const Image& image, const ImagePreprocess& preprocess) {
  const std::array<int64_t, 4> shape{1, preprocess.channels, image.height, image.width};
  HEARTH_ASSIGN_OR_RETURN(Tensor tensor, Tensor::empty(DType::kFloat32, shape));
  const size_t pixels = image.pixels.size() / Image::kChannels;
  for (size_t channel = 0; channel < static_cast<size_t>(preprocess.channels); ++channel) {
    const std::array<float, 256> table = normalise_table(preprocess, channel);
    float* plane = tensor.data_as<float>() + channel * pixels;
    for (size_t i = 0; i < pixels; ++i) {
      const uint8_t* rgb = image.pixels.data() + i * Image::kChannels;
      plane[i] = table[preprocess.channels == 1 ? grey_of(rgb) : rgb[channel]];
    }
  }
  return tensor;
}

}  // namespace

Result<Tensor> preprocess_image(const Image& image, const ImagePreprocess& preprocess) {
  const Image* current = &image;
  Image resized;
  Image cropped;
  if (preprocess.resize != Resize::kNone) {
    HEARTH_ASSIGN_OR_RETURN(resized, resize_step(image, preprocess));
    current = &resized;
  }
  if (preprocess.crop_height != 0) {
    HEARTH_ASSIGN_OR_RETURN(cropped, crop_step(*current, preprocess));
    current = &cropped;
  }
  return normalise_step(*current, preprocess);
}

Result<Tensor> stack_images(std::span<const Tensor> images) {
  if (images.empty()) return invalid_argument("there are no pictures");
  std::vector<int64_t> shape(images[0].shape().begin(), images[0].shape().end());
  for (const Tensor& image : images) {
    if (!std::ranges::equal(image.shape(), images[0].shape())) {
      return invalid_argument("pictures of shapes {} and {} do not go into one batch",
                              describe_shape(images[0].shape()), describe_shape(image.shape()));
    }
  }
  shape[0] = static_cast<int64_t>(images.size());
  HEARTH_ASSIGN_OR_RETURN(Tensor batch, Tensor::empty(images[0].dtype(), shape));
  for (size_t i = 0; i < images.size(); ++i) {
    std::memcpy(batch.data_as<std::byte>() + i * images[i].byte_count(), images[i].data(), images[i].byte_count());
  }
  return batch;
}

}  // namespace hearth
