#include "media/image/exif.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  (void)hearth::exif_orientation(bytes);
  (void)hearth::jpeg_orientation(bytes);
  (void)hearth::webp_orientation(bytes);
  return 0;
}
