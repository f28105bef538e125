#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "hearth/status.h"

namespace hearth {

/// A shared library opened from sealed memory: nothing is written to disk, and nobody can change the bytes between the
/// check and the opening. Closed when dropped.
class SealedLibrary {
 public:
  /// Copies, makes unloadable (elf_patch.h), seals and opens `library`, which was checked before. kInvalidFile with the
  /// loader's words.
  static Result<std::unique_ptr<SealedLibrary>> open(std::span<const std::byte> library, const std::string& name);
  ~SealedLibrary();
  SealedLibrary(const SealedLibrary&) = delete;
  SealedLibrary& operator=(const SealedLibrary&) = delete;

  /// Null when the library does not export it.
  void* symbol(const char* name) const;

 private:
  SealedLibrary(int file, void* handle) : file_(file), handle_(handle) {}
  int file_;
  void* handle_;
};

}  // namespace hearth
