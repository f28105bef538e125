#pragma once

#include <elf.h>

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/checked.h"
#include "hearth/status.h"

namespace hearth {

/// An ELF64 little-endian shared object in memory, found through its program headers and its dynamic table; section
/// headers are never looked at, the loader does not either. Reads stay inside the bytes, which must outlive it.
class ElfImage {
 public:
  /// kInvalidFile names the header or table that is wrong.
  static Result<ElfImage> open(std::span<const std::byte> bytes);

  uint16_t machine() const { return header_.e_machine; }
  const std::vector<Elf64_Phdr>& segments() const { return segments_; }
  uint64_t segment_offset(size_t index) const { return header_.e_phoff + index * sizeof(Elf64_Phdr); }
  /// Up to, without, the closing DT_NULL.
  const std::vector<Elf64_Dyn>& dynamic() const { return dynamic_; }
  uint64_t dynamic_offset() const { return dynamic_offset_; }
  std::optional<uint64_t> dynamic_value(int64_t tag) const;

  const std::vector<Elf64_Sym>& symbols() const { return symbols_; }
  uint64_t symbol_offset(size_t index) const { return symbols_offset_ + index * sizeof(Elf64_Sym); }

  /// The zero-terminated string at `offset` of the dynamic string table.
  Result<std::string_view> string(uint64_t offset) const;
  uint64_t string_table_offset() const { return strings_offset_; }

  /// Where the loader puts the byte of virtual address `address` from, or nothing when no segment's file part holds it.
  std::optional<uint64_t> file_offset(uint64_t address) const;

  /// A structure at a file offset, or nothing when it lies outside.
  template <typename T>
  std::optional<T> read(CheckedSize offset) const {
    if (!fits(offset + CheckedSize(sizeof(T)), CheckedSize(bytes_.size()))) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + *offset.get(), sizeof(T));
    return value;
  }

 private:
  Status read_segments();
  Status read_dynamic();
  Status read_strings();
  Status read_symbols();
  Result<uint64_t> count_symbols() const;
  Result<uint64_t> count_hashed_symbols(uint64_t table) const;
  Result<uint64_t> count_relocated_symbols(int64_t table_tag, int64_t size_tag) const;

  std::span<const std::byte> bytes_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> segments_;
  std::vector<Elf64_Dyn> dynamic_;
  uint64_t dynamic_offset_ = 0;
  uint64_t strings_offset_ = 0;
  uint64_t strings_size_ = 0;
  uint64_t symbols_offset_ = 0;
  std::vector<Elf64_Sym> symbols_;
};

}  // namespace hearth
