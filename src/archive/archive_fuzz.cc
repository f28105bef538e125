#include "archive/archive.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto archive = hearth::Archive::open(std::as_bytes(std::span(data, size)));
  if (!archive.ok()) return 0;
  for (const std::string& name : (*archive)->record_names()) (void)(*archive)->check(name);
  for (const auto& [name, tensor] : (*archive)->manifest().tensors) (void)(*archive)->tensor_bytes(tensor);
  return 0;
}
