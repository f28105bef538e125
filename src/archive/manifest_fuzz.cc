#include "archive/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)hearth::parse_manifest({reinterpret_cast<const char*>(data), size});
  return 0;
}
