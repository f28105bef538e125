#include <webp/decode.h>

#include "base/errors.h"
#include "media/image/decoders.h"
#include "media/image/exif.h"

namespace hearth {

Result<DecodedImage> decode_webp(std::span<const std::byte> bytes, const ImageLimits& limits) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK)
    return invalid_file("the WebP's header is damaged");
  HEARTH_RETURN_IF_ERROR(check_image_size(features.width, features.height, limits));
  if (features.has_animation != 0) return invalid_file("the WebP is an animation; a still picture is needed");
  DecodedImage decoded;
  HEARTH_ASSIGN_OR_RETURN(decoded.image, make_image(features.width, features.height));
  std::vector<uint8_t>& pixels = decoded.image.pixels;
  if (WebPDecodeRGBInto(data, bytes.size(), pixels.data(), pixels.size(), features.width * Image::kChannels) ==
      nullptr) {
    return invalid_file("the WebP is damaged or cut short");
  }
  decoded.orientation = webp_orientation(bytes);
  return decoded;
}

}  // namespace hearth
