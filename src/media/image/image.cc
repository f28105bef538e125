#include "media/image/image.h"

#include <cstring>
#include <new>

#include "base/errors.h"
#include "media/image/decoders.h"
#include "media/image/exif.h"

namespace hearth {
namespace {

struct Format {
  std::string_view magic;
  size_t offset;
  Result<DecodedImage> (*decode)(std::span<const std::byte>, const ImageLimits&);
};

constexpr Format kFormats[] = {
    {"\x89PNG\r\n\x1a\n", 0, decode_png},
    {"\xFF\xD8\xFF", 0, decode_jpeg},
    {"WEBP", 8, decode_webp},
};

bool has_magic(std::span<const std::byte> bytes, const Format& format) {
  return bytes.size() >= format.offset + format.magic.size() &&
         std::memcmp(bytes.data() + format.offset, format.magic.data(), format.magic.size()) == 0;
}

}  // namespace

Status check_image_size(int64_t width, int64_t height, const ImageLimits& limits) {
  if (width < 1 || height < 1) return invalid_file("the picture has no pixels");
  if (width > limits.side || height > limits.side || width * height > limits.pixels) {
    return invalid_file("a picture of {}x{} is too large: the most is {} a side and {} pixels", width, height,
                        limits.side, limits.pixels);
  }
  return {};
}

Result<std::vector<uint8_t>> make_pixels(int width, int height, int channels) {
  try {
    return std::vector<uint8_t>(static_cast<size_t>(width) * static_cast<size_t>(height) *
                                static_cast<size_t>(channels));
  } catch (const std::bad_alloc&) {
    return error(StatusCode::kOutOfMemory, "a picture of {}x{} does not fit into memory", width, height);
  }
}

Result<Image> make_image(int width, int height) {
  HEARTH_ASSIGN_OR_RETURN(std::vector<uint8_t> pixels, make_pixels(width, height, Image::kChannels));
  return Image{width, height, std::move(pixels)};
}

Result<Image> decode_image(std::span<const std::byte> bytes, const ImageLimits& limits) {
  for (const Format& format : kFormats) {
    if (!has_magic(bytes, format)) continue;
    HEARTH_ASSIGN_OR_RETURN(DecodedImage decoded, format.decode(bytes, limits));
    return apply_orientation(std::move(decoded.image), decoded.orientation);
  }
  return invalid_file("it is not a picture that Hearth reads: PNG, JPEG and WebP are");
}

}  // namespace hearth
