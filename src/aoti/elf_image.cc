#include "aoti/elf_image.h"

#include <algorithm>
#include <utility>

#include "base/errors.h"

namespace hearth {
namespace {

constexpr size_t kMostSegments = 64;
constexpr size_t kMostDynamicEntries = 4096;
constexpr uint64_t kMostSymbols = 1 << 20;

}  // namespace

Result<ElfImage> ElfImage::open(std::span<const std::byte> bytes) {
  ElfImage image;
  image.bytes_ = bytes;
  const auto header = image.read<Elf64_Ehdr>(CheckedSize(0));
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
    return invalid_file("ELF header: it is not an ELF file");
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB) {
    return invalid_file("ELF header: it is not 64-bit little-endian");
  }
  if (header->e_type != ET_DYN) return invalid_file("ELF header: it is not a shared library");
  image.header_ = *header;
  HEARTH_RETURN_IF_ERROR(image.read_segments());
  HEARTH_RETURN_IF_ERROR(image.read_dynamic());
  HEARTH_RETURN_IF_ERROR(image.read_strings());
  HEARTH_RETURN_IF_ERROR(image.read_symbols());
  return image;
}

Status ElfImage::read_segments() {
  uint64_t loaded_end = 0;
  if (header_.e_phentsize != sizeof(Elf64_Phdr) || header_.e_phnum == 0 || header_.e_phnum > kMostSegments) {
    return invalid_file("ELF header: {} program headers of {} bytes", header_.e_phnum, header_.e_phentsize);
  }
  for (size_t i = 0; i < header_.e_phnum; ++i) {
    const auto segment = read<Elf64_Phdr>(CheckedSize(header_.e_phoff) + CheckedSize(i * sizeof(Elf64_Phdr)));
    if (!segment) return invalid_file("ELF program header {}: it lies outside of the file", i);
    const CheckedSize end = CheckedSize(segment->p_offset) + CheckedSize(segment->p_filesz);
    const CheckedSize memory_end = CheckedSize(segment->p_vaddr) + CheckedSize(segment->p_memsz);
    if (!fits(end, CheckedSize(bytes_.size())) || !memory_end.valid() || segment->p_filesz > segment->p_memsz) {
      return invalid_file("ELF program header {}: its segment lies outside of the file", i);
    }
    if (segment->p_type == PT_LOAD) {
      // Where two overlapped, the loader would read other bytes at an address than the checks here.
      if (segment->p_vaddr < loaded_end) {
        return invalid_file("ELF program header {}: its segment begins before the end of the last one", i);
      }
      loaded_end = *memory_end.get();
    }
    segments_.push_back(*segment);
  }
  return {};
}

Status ElfImage::read_dynamic() {
  const auto segment = std::ranges::find(segments_, uint32_t{PT_DYNAMIC}, &Elf64_Phdr::p_type);
  if (segment == segments_.end()) return invalid_file("ELF dynamic table: there is none");
  if (std::ranges::count(segments_, uint32_t{PT_DYNAMIC}, &Elf64_Phdr::p_type) > 1)
    return invalid_file("ELF dynamic table: there are two");
  // The loader reads the table at its address, so that is where it is read here, too.
  const auto offset = file_offset(segment->p_vaddr);
  if (!offset || *offset != segment->p_offset)
    return invalid_file("ELF dynamic table: its address is not where its bytes are");
  dynamic_offset_ = segment->p_offset;
  const size_t count = std::min<size_t>(segment->p_filesz / sizeof(Elf64_Dyn), kMostDynamicEntries);
  for (size_t i = 0; i < count; ++i) {
    const auto entry = read<Elf64_Dyn>(CheckedSize(dynamic_offset_) + CheckedSize(i * sizeof(Elf64_Dyn)));
    if (entry && entry->d_tag == DT_NULL) return {};
    if (!entry) break;
    dynamic_.push_back(*entry);
  }
  return invalid_file("ELF dynamic table: it has no end");
}

std::optional<uint64_t> ElfImage::dynamic_value(int64_t tag) const {
  // The loader keeps the last entry of a tag.
  const auto found =
      std::find_if(dynamic_.rbegin(), dynamic_.rend(), [tag](const Elf64_Dyn& entry) { return entry.d_tag == tag; });
  return found == dynamic_.rend() ? std::nullopt : std::optional<uint64_t>(found->d_un.d_val);
}

std::optional<uint64_t> ElfImage::file_offset(uint64_t address) const {
  for (const Elf64_Phdr& segment : segments_) {
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz)
      continue;
    return segment.p_offset + (address - segment.p_vaddr);
  }
  return std::nullopt;
}

Status ElfImage::read_strings() {
  const auto address = dynamic_value(DT_STRTAB);
  const auto size = dynamic_value(DT_STRSZ);
  const auto offset = address ? file_offset(*address) : std::nullopt;
  if (!offset || !size || !fits(CheckedSize(*offset) + CheckedSize(*size), CheckedSize(bytes_.size()))) {
    return invalid_file("ELF string table: it lies outside of the file");
  }
  strings_offset_ = *offset;
  strings_size_ = *size;
  return {};
}

Result<std::string_view> ElfImage::string(uint64_t offset) const {
  const auto* table = reinterpret_cast<const char*>(bytes_.data() + strings_offset_);
  const std::string_view rest = offset < strings_size_ ? std::string_view(table + offset, strings_size_ - offset) : "";
  const size_t end = rest.find('\0');
  if (end == std::string_view::npos) return invalid_file("ELF string table: a string at {} has no end", offset);
  return rest.substr(0, end);
}

Status ElfImage::read_symbols() {
  const auto address = dynamic_value(DT_SYMTAB);
  const auto offset = address ? file_offset(*address) : std::nullopt;
  if (!offset || dynamic_value(DT_SYMENT).value_or(sizeof(Elf64_Sym)) != sizeof(Elf64_Sym)) {
    return invalid_file("ELF symbol table: it lies outside of the file");
  }
  symbols_offset_ = *offset;
  HEARTH_ASSIGN_OR_RETURN(const uint64_t count, count_symbols());
  if (!fits(CheckedSize(*offset) + CheckedSize(count) * CheckedSize(sizeof(Elf64_Sym)), CheckedSize(bytes_.size()))) {
    return invalid_file("ELF symbol table: {} symbols reach beyond the file", count);
  }
  for (uint64_t i = 0; i < count; ++i) symbols_.push_back(*read<Elf64_Sym>(CheckedSize(symbol_offset(i))));
  return {};
}

Result<uint64_t> ElfImage::count_symbols() const {
  std::optional<uint64_t> count;
  if (const auto address = dynamic_value(DT_HASH)) {
    const auto offset = file_offset(*address);
    const auto chains = offset ? read<uint32_t>(CheckedSize(*offset) + CheckedSize(4)) : std::nullopt;
    if (!chains) return invalid_file("ELF hash table: it lies outside of the file");
    count = *chains;
  }
  if (const auto address = dynamic_value(DT_GNU_HASH)) {
    const auto offset = file_offset(*address);
    if (!offset) return invalid_file("ELF hash table: it lies outside of the file");
    HEARTH_ASSIGN_OR_RETURN(const uint64_t hashed, count_hashed_symbols(*offset));
    count = std::max(count.value_or(0), hashed);
  }
  if (!count) return invalid_file("ELF hash table: the number of symbols cannot be told");
  // A GNU hash table counts no import of a library that exports nothing; its relocations name them.
  for (const auto& [table, size] : {std::pair{DT_RELA, DT_RELASZ}, std::pair{DT_JMPREL, DT_PLTRELSZ}}) {
    HEARTH_ASSIGN_OR_RETURN(const uint64_t relocated, count_relocated_symbols(table, size));
    count = std::max(*count, relocated);
  }
  if (*count > kMostSymbols) return invalid_file("ELF symbol table: {} symbols are more than a library has", *count);
  return *count;
}

Result<uint64_t> ElfImage::count_relocated_symbols(int64_t table_tag, int64_t size_tag) const {
  const uint64_t size = dynamic_value(size_tag).value_or(0);
  const auto address = dynamic_value(table_tag);
  if (!address || size == 0) return uint64_t{0};
  const auto offset = file_offset(*address);
  if (!offset || !fits(CheckedSize(*offset) + CheckedSize(size), CheckedSize(bytes_.size()))) {
    return invalid_file("ELF relocation table: it lies outside of the file");
  }
  uint64_t count = 0;
  for (uint64_t place = 0; place + sizeof(Elf64_Rela) <= size; place += sizeof(Elf64_Rela)) {
    const auto relocation = *read<Elf64_Rela>(CheckedSize(*offset) + CheckedSize(place));
    count = std::max<uint64_t>(count, ELF64_R_SYM(relocation.r_info) + 1);
  }
  return count;
}

/// The GNU hash table holds no count: it is one more than the last symbol of the bucket that begins last.
Result<uint64_t> ElfImage::count_hashed_symbols(uint64_t table) const {
  const Status outside = invalid_file("ELF hash table: it lies outside of the file");
  const auto buckets = read<uint32_t>(CheckedSize(table));
  const auto first_symbol = read<uint32_t>(CheckedSize(table) + CheckedSize(4));
  const auto bloom_words = read<uint32_t>(CheckedSize(table) + CheckedSize(8));
  if (!buckets || !first_symbol || !bloom_words) return outside;
  const CheckedSize bucket_offset = CheckedSize(table) + CheckedSize(16) + CheckedSize(*bloom_words) * CheckedSize(8);
  const CheckedSize chain_offset = bucket_offset + CheckedSize(*buckets) * CheckedSize(4);
  if (!fits(chain_offset, CheckedSize(bytes_.size()))) return outside;
  uint32_t last = 0;
  for (uint32_t i = 0; i < *buckets; ++i) {
    last = std::max(last, *read<uint32_t>(bucket_offset + CheckedSize(i) * CheckedSize(4)));
  }
  if (last < *first_symbol) return uint64_t{*first_symbol};
  for (;; ++last) {
    const auto chain = read<uint32_t>(chain_offset + CheckedSize(last - *first_symbol) * CheckedSize(4));
    if (!chain) return outside;
    if ((*chain & 1U) != 0) return uint64_t{last} + 1;
  }
}

}  // namespace hearth
