#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include "hearth/status.h"

namespace hearth {

/// A file that takes its place when it is whole: written beside it as `<path>.part`, flushed to the disk and renamed
/// over it. A process that is killed, or a machine that stops, leaves the file as it was or the new one; what a killed
/// one left beside it, the next uses again. Writers of the same file, in other processes too, wait for each other.
/// Errors are kFailed and name the file.
class ReplacingFile {
 public:
  static Result<ReplacingFile> open(const std::filesystem::path& path);
  ReplacingFile(ReplacingFile&& other) noexcept;
  ReplacingFile& operator=(ReplacingFile&&) = delete;
  /// Without finish(): leaves the file as it was.
  ~ReplacingFile();

  Status write(std::span<const std::byte> bytes);
  Status finish();

 private:
  ReplacingFile(std::filesystem::path path, int descriptor);
  Status put(std::span<const std::byte> bytes);
  Status flush();

  std::filesystem::path path_;
  std::filesystem::path part_;
  int descriptor_;
  std::vector<std::byte> buffer_;
};

/// Writes a whole file through a ReplacingFile.
Status write_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace hearth
