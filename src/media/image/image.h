#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "hearth/status.h"

namespace hearth {

/// Pixels in rows from the top, 8 bits for each of red, green and blue, without gaps.
struct Image {
  static constexpr int kChannels = 3;
  int width = 0;
  int height = 0;
  std::vector<uint8_t> pixels;  ///< height * width * kChannels

  uint8_t* row(int y) { return pixels.data() + static_cast<size_t>(y) * static_cast<size_t>(width) * kChannels; }
  const uint8_t* row(int y) const {
    return pixels.data() + static_cast<size_t>(y) * static_cast<size_t>(width) * kChannels;
  }
};

/// What a picture may claim before memory is taken for it.
struct ImageLimits {
  int64_t side = 32768;
  int64_t pixels = 100'000'000;
};

/// kInvalidFile when a picture of that size is refused.
Status check_image_size(int64_t width, int64_t height, const ImageLimits& limits);

/// Black pixels; kOutOfMemory. The size was checked.
Result<std::vector<uint8_t>> make_pixels(int width, int height, int channels);

/// A black image of that size; kOutOfMemory. The size was checked.
Result<Image> make_image(int width, int height);

/// Decodes a PNG, JPEG or WebP, told apart by its first bytes, turns it as its EXIF orientation says, and converts it
/// to RGB as Pillow's convert("RGB") does: grey is repeated, transparency dropped, 16 bits cut to 8 (grey too, where
/// Pillow clips). kInvalidFile says what is wrong, in our words.
Result<Image> decode_image(std::span<const std::byte> bytes, const ImageLimits& limits = {});

}  // namespace hearth
