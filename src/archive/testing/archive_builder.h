#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace hearth::testing {

/// One entry of a zip archive to be built, with knobs to make it wrong.
struct BuiltEntry {
  std::string name;
  std::string contents;
  size_t alignment = 64;
  bool deflate = false;
  bool data_descriptor = false;
  bool zip64 = false;
  uint16_t extra_flags = 0;
};

/// Writes zip archives byte by byte, for tests: good ones, and with patch() bad ones.
class ArchiveBuilder {
 public:
  void add(BuiltEntry entry) { entries_.push_back(std::move(entry)); }
  /// The archive; `zip64_end` adds the zip64 end records, as PyTorch always does.
  std::vector<std::byte> build(bool zip64_end = false) const;

 private:
  std::vector<BuiltEntry> entries_;
};

/// A complete Hearth archive without code: one method "forward", one tensor, one golden, labels.
std::vector<std::byte> build_small_archive();
/// Its manifest, to be changed by tests.
std::string small_manifest();

}  // namespace hearth::testing
