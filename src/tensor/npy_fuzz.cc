#include "tensor/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto tensor = hearth::read_npy(std::as_bytes(std::span(data, size)));
  if (tensor.ok()) (void)hearth::write_npy(*tensor);
  return 0;
}
