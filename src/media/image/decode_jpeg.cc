#include <turbojpeg.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "base/errors.h"
#include "media/image/decoders.h"
#include "media/image/exif.h"

namespace hearth {
namespace {

struct CloseDecoder {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Decoder = std::unique_ptr<void, CloseDecoder>;

/// What the decoder complains of and still makes a whole picture, as Pillow takes it too. "Premature end", of the file
/// or of a scan, is not among them.
constexpr std::string_view kWarnings[] = {"extraneous bytes before marker",
                                          "found marker",
                                          "bad Huffman code",
                                          "bad arithmetic code",
                                          "bad ICC marker",
                                          "Inconsistent progression",
                                          "Invalid SOS parameters",
                                          "Unknown Adobe color",
                                          "unknown JFIF revision"};

/// Once there was a warning, tjGetErrorCode calls fatal errors warnings too, so that only the message tells.
bool is_fatal(tjhandle decoder) {
  const std::string_view message = tjGetErrorStr2(decoder);
  return std::ranges::none_of(
      kWarnings, [&](std::string_view warning) { return message.find(warning) != std::string_view::npos; });
}

/// a * b / 255, rounded, as Pillow multiplies channels.
int multiply_channels(int a, int b) {
  const int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/// Ink values, stored inverted as Adobe's programs do, to RGB as Pillow converts them.
void convert_cmyk(const std::vector<uint8_t>& inks, Image& image) {
  const size_t count = image.pixels.size() / Image::kChannels;
  for (size_t i = 0; i < count; ++i) {
    const int white = inks[i * 4 + 3];
    for (size_t channel = 0; channel < Image::kChannels; ++channel) {
      const int ink = 255 - inks[i * 4 + channel];
      image.pixels[i * Image::kChannels + channel] = static_cast<uint8_t>(white - multiply_channels(ink, white));
    }
  }
}

Status decompress(tjhandle decoder, std::span<const std::byte> bytes, const Image& image, uint8_t* target, int format) {
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  constexpr int kFlags = TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT;
  const int status = tjDecompress2(decoder, data, bytes.size(), target, image.width, 0, image.height, format, kFlags);
  if (status != 0 && is_fatal(decoder)) return invalid_file("the JPEG is damaged or cut short");
  return {};
}

}  // namespace

Result<DecodedImage> decode_jpeg(std::span<const std::byte> bytes, const ImageLimits& limits) {
  const Decoder decoder(tjInitDecompress());
  if (!decoder) return error(StatusCode::kOutOfMemory, "a JPEG decoder cannot be made");
  int width = 0;
  int height = 0;
  int subsampling = 0;
  int colors = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  if (tjDecompressHeader3(decoder.get(), data, bytes.size(), &width, &height, &subsampling, &colors) != 0 &&
      is_fatal(decoder.get())) {
    return invalid_file("the JPEG's header is damaged, or of a kind that is not read");
  }
  HEARTH_RETURN_IF_ERROR(check_image_size(width, height, limits));
  DecodedImage decoded;
  HEARTH_ASSIGN_OR_RETURN(decoded.image, make_image(width, height));
  if (colors == TJCS_CMYK || colors == TJCS_YCCK) {
    HEARTH_ASSIGN_OR_RETURN(std::vector<uint8_t> inks, make_pixels(width, height, tjPixelSize[TJPF_CMYK]));
    HEARTH_RETURN_IF_ERROR(decompress(decoder.get(), bytes, decoded.image, inks.data(), TJPF_CMYK));
    convert_cmyk(inks, decoded.image);
  } else {
    HEARTH_RETURN_IF_ERROR(decompress(decoder.get(), bytes, decoded.image, decoded.image.pixels.data(), TJPF_RGB));
  }
  decoded.orientation = jpeg_orientation(bytes);
  return decoded;
}

}  // namespace hearth
