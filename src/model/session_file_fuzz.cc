#include <cstring>
#include <vector>

#include "archive/hash.h"
#include "hal/device.h"
#include "model/session_file.h"

/// The input with the hash that it should have, so that what lies behind that check is reached.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::shared_ptr<hearth::MemoryPool> pool = hearth::MemoryPool::create(*hearth::open_device("cpu"));
  std::vector<uint8_t> bytes(data, data + size);
  if (size >= sizeof(uint64_t)) {
    const uint64_t hash = hearth::xxh3(std::as_bytes(std::span(bytes).first(size - sizeof(uint64_t))));
    std::memcpy(bytes.data() + size - sizeof hash, &hash, sizeof hash);
  }
  (void)hearth::read_session(std::as_bytes(std::span(bytes)), /*identity=*/0, {}, *pool);
  return 0;
}
