#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hearth {

/// Builds a zip archive of stored entries in memory, with zip64 sizes throughout, so that nothing is too large, and
/// without times, so that the same entries give the same bytes. Whether the names are good, ZipReader says.
class ZipWriter {
 public:
  void add(std::string_view name, std::span<const std::byte> contents);
  /// The whole archive; the writer is empty afterwards.
  std::vector<std::byte> finish();

 private:
  struct Entry {
    std::string name;
    uint32_t crc32 = 0;
    uint64_t size = 0;
    uint64_t offset = 0;
  };
  void number(uint64_t value, size_t size);
  void append(std::span<const std::byte> bytes);
  void common_fields(const Entry& entry);

  std::vector<std::byte> bytes_;
  std::vector<Entry> entries_;
};

}  // namespace hearth
