#include "aoti/elf_patch.h"
#include "aoti/import_gate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  const auto facts = hearth::read_elf(bytes);
  if (!facts.ok()) return 0;
  (void)hearth::check_imports(*facts);
  std::vector<std::byte> copy(bytes.begin(), bytes.end());
  (void)hearth::make_unloadable(copy);
  return 0;
}
