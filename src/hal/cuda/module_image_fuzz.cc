#include "hal/cuda/module_image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)hearth::cuda::describe_image(std::as_bytes(std::span(data, size)));
  return 0;
}
