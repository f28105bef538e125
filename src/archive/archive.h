#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "archive/manifest.h"
#include "archive/zip_reader.h"
#include "base/mapped_file.h"
#include "hearth/status.h"

namespace hearth {

/// A `.pt2` file: mapped, its directory and manifest validated. Nothing in it has been executed, inflated to disk or,
/// weights and code, even touched. Immutable and thread-safe; shared by everything that points into it.
class Archive {
 public:
  /// Opens a Hearth archive or a stock AOTInductor package. Errors name the file; kInvalidFile says which record and
  /// field.
  static Result<std::shared_ptr<const Archive>> open(const std::filesystem::path& path);
  /// The same over bytes that the caller keeps alive, for tests and fuzzers.
  static Result<std::shared_ptr<const Archive>> open(std::span<const std::byte> bytes);

  const Manifest& manifest() const { return manifest_; }
  /// False for a stock package: its manifest was made up from the folders and holds no shapes.
  bool has_manifest() const { return has_manifest_; }
  /// Bytes of the whole file.
  std::span<const std::byte> bytes() const { return bytes_; }

  /// Paths below the stem, in directory order.
  std::vector<std::string> record_names() const;
  /// The bytes of a stored record in place. kNotFound, or kInvalidFile when it is deflated.
  Result<std::span<const std::byte>> record(std::string_view path) const;
  /// A small text record, inflated where needed; at most 16 MiB (the manifest 64).
  Result<std::string> text(std::string_view path) const;
  /// Compares a record with its XXH3 in the manifest, and with its SHA-256 where there is one. Reads all of it.
  Status check(std::string_view path) const;
  /// A weight's bytes, exactly as long as its shape and strides need.
  Result<std::span<const std::byte>> tensor_bytes(const TensorSpec& tensor) const;
  /// See MappedFile::release_pages; does nothing for an archive in memory.
  void release_pages(std::span<const std::byte> range) const;

 private:
  Archive() = default;
  Status read();
  Status check_constants() const;
  Status check_records() const;
  const ZipEntry* find(std::string_view path) const;

  std::shared_ptr<const MappedFile> file_;
  std::span<const std::byte> bytes_;
  ZipReader zip_;
  std::string stem_;  ///< With its slash.
  Manifest manifest_;
  bool has_manifest_ = false;
};

}  // namespace hearth
