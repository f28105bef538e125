#include "archive/zip_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto zip = hearth::ZipReader::open(std::as_bytes(std::span(data, size)));
  if (!zip.ok()) return 0;
  for (const hearth::ZipEntry& entry : zip->entries()) (void)hearth::read_text(entry, size_t{1} << 20);
  return 0;
}
