#pragma once

#include "media/image/image.h"

namespace hearth {

/// A decoded picture and the EXIF orientation (1 to 8) that came with it; it has not been turned yet.
struct DecodedImage {
  Image image;
  int orientation = 1;
};

Result<DecodedImage> decode_png(std::span<const std::byte> bytes, const ImageLimits& limits);
Result<DecodedImage> decode_jpeg(std::span<const std::byte> bytes, const ImageLimits& limits);
Result<DecodedImage> decode_webp(std::span<const std::byte> bytes, const ImageLimits& limits);

}  // namespace hearth
