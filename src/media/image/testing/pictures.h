#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "media/image/image.h"

namespace hearth::testing {

/// A file of tests/fuzz-corpus, for example "png/grey_1.png"; the script there says what the pictures show. Empty when
/// it cannot be read.
std::vector<std::byte> read_picture(std::string_view name);
/// Their names in one of its folders, sorted.
std::vector<std::string> picture_names(std::string_view folder);

using Pixel = std::array<int, Image::kChannels>;

Pixel pixel(const Image& image, int x, int y);
/// A picture whose pixels are `rgb(x, y)`.
template <typename Function>
Image draw(int width, int height, Function rgb) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const int value : rgb(x, y)) image.pixels.push_back(static_cast<uint8_t>(value));
    }
  }
  return image;
}

/// The largest difference of a channel; 256 when the sizes differ.
int largest_difference(const Image& a, const Image& b);

/// The picture that the JPEG and WebP files show: red grows to the right, green downwards.
Image ramp();

/// A TIFF structure with one entry, the orientation, in a type of EXIF (3: SHORT, 4: LONG).
std::vector<std::byte> exif_block(int orientation, bool big_endian, int type = 3);

}  // namespace hearth::testing
