#include "aoti/fallback_nodes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)hearth::parse_fallback_nodes({reinterpret_cast<const char*>(data), size});
  return 0;
}
