#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "hearth/status.h"

namespace hearth {

/// A regular file mapped read-only and private. Immutable and thread-safe. The bytes are valid while the object lives;
/// shrinking the file underneath raises SIGBUS, as with any mapping.
class MappedFile {
 public:
  /// kNotFound, kPermissionDenied, kInvalidFile (a directory, a device, an empty file), kOutOfMemory; each message
  /// names the path.
  static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }
  /// Tells the system that these bytes will not be read soon: whole pages inside the range leave the resident set and
  /// come back from the page cache when touched. A range outside of the mapping is left alone.
  void release_pages(std::span<const std::byte> range) const;

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

}  // namespace hearth
