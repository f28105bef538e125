#include "media/image/decoders.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr hearth::ImageLimits kSmall{.side = 2048, .pixels = 1 << 20};
  (void)hearth::decode_png(std::as_bytes(std::span(data, size)), kSmall);
  return 0;
}
