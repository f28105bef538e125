#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hearth/status.h"

namespace hearth {

/// One entry of a zip archive: where its bytes lie. `stored` spans point into the archive.
struct ZipEntry {
  std::string name;
  bool deflated = false;
  std::span<const std::byte>
      data;           ///< The entry's bytes as they lie in the file: the contents themselves unless deflated.
  uint64_t size = 0;  ///< Bytes after inflating.
  uint32_t crc32 = 0;
};

/// The directory of a zip archive that lies in memory, validated in one pass: see docs/archive-format.md for what is
/// refused. Immutable; the bytes must outlive it.
class ZipReader {
 public:
  /// Reads the directory and every local header. kInvalidFile names the entry and the field.
  static Result<ZipReader> open(std::span<const std::byte> bytes);

  ZipReader() = default;
  ZipReader(ZipReader&&) = default;
  ZipReader& operator=(ZipReader&&) = default;

  const std::vector<ZipEntry>& entries() const { return entries_; }
  /// Null when there is none of that name.
  const ZipEntry* find(std::string_view name) const;

 private:
  std::vector<ZipEntry> entries_;
  std::unordered_map<std::string_view, size_t> index_;  ///< Views of the entries' names.
};

/// The contents of an entry as text, inflated where needed and checked against the CRC. kInvalidFile when longer than
/// `limit` or corrupt.
Result<std::string> read_text(const ZipEntry& entry, size_t limit);

}  // namespace hearth
