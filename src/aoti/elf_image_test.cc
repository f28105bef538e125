#include "aoti/elf_image.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "aoti/elf_patch.h"
#include "aoti/import_gate.h"
#include "aoti/testing/test_libraries.h"

namespace hearth {
namespace {

/// Whatever comes out is right, as long as something comes out.
void read_everything(std::vector<std::byte> library) {
  const Result<ElfFacts> facts = read_elf(library);
  if (facts.ok()) (void)check_imports(*facts);
  (void)make_unloadable(library);
}

TEST(ElfImage, FindsTablesThroughAddresses) {
  const std::vector<std::byte> library = test_library("imports_system");
  const Result<ElfImage> image = ElfImage::open(library);
  ASSERT_TRUE(image.ok()) << image.status().message();
  std::vector<std::string_view> names;
  for (const Elf64_Sym& symbol : image->symbols()) names.push_back(*image->string(symbol.st_name));
  EXPECT_EQ(std::ranges::count(names, "system"), 1);
  EXPECT_EQ(std::ranges::count(names, "exported"), 1);
  EXPECT_EQ(image->file_offset(uint64_t{1} << 60), std::nullopt);
  EXPECT_FALSE(image->string(uint64_t{1} << 40).ok());
}

TEST(ElfImage, CountsSymbolsThatOnlyRelocationsName) {
  const std::vector<std::byte> library = test_library("hidden_system");
  const ElfImage image = *ElfImage::open(library);
  const auto is_system = [&](const Elf64_Sym& symbol) { return *image.string(symbol.st_name) == "system"; };
  EXPECT_TRUE(std::ranges::any_of(image.symbols(), is_system));
}

TEST(ElfImage, RefusesTablesOutsideOfTheFile) {
  const std::vector<std::byte> library = test_library("harmless");
  for (const int64_t tag : {DT_STRTAB, DT_SYMTAB, DT_GNU_HASH, DT_STRSZ, DT_SYMENT, DT_RELA, DT_RELASZ}) {
    const Result<ElfImage> image = ElfImage::open(with_dynamic_value(library, tag, uint64_t{1} << 40));
    EXPECT_EQ(image.status().code(), StatusCode::kInvalidFile) << tag;
  }
}

TEST(ElfImage, RefusesTwoAnswersToOneQuestion) {
  std::vector<std::byte> library = test_library("harmless");
  const ElfImage image = *ElfImage::open(library);
  std::vector<Elf64_Phdr> segments = image.segments();
  const auto dynamic = std::ranges::find(segments, uint32_t{PT_DYNAMIC}, &Elf64_Phdr::p_type);
  const auto note = std::ranges::find(segments, uint32_t{PT_NOTE}, &Elf64_Phdr::p_type);
  ASSERT_TRUE(dynamic != segments.end() && note != segments.end());
  const auto note_index = static_cast<size_t>(note - segments.begin());

  std::vector<std::byte> two_tables = library;
  std::memcpy(&two_tables[image.segment_offset(note_index)], &*dynamic, sizeof(Elf64_Phdr));
  EXPECT_EQ(ElfImage::open(two_tables).status().code(), StatusCode::kInvalidFile);

  std::vector<std::byte> overlapping = library;
  std::memcpy(&overlapping[image.segment_offset(note_index)], &segments.front(), sizeof(Elf64_Phdr));
  EXPECT_EQ(segments.front().p_type, uint32_t{PT_LOAD});
  EXPECT_EQ(ElfImage::open(overlapping).status().code(), StatusCode::kInvalidFile);
}

TEST(ElfImage, EveryTruncationIsSurvived) {
  const std::vector<std::byte> library = test_library("sticky");
  for (size_t size = 0; size < library.size(); ++size) {
    read_everything({library.begin(), library.begin() + static_cast<ptrdiff_t>(size)});
  }
  EXPECT_FALSE(read_elf({}).ok());
}

TEST(ElfImage, EveryFlippedByteIsSurvived) {
  const std::vector<std::byte> library = test_library("sticky");
  std::vector<std::byte> changed = library;
  for (size_t place = 0; place < library.size(); ++place) {
    for (const uint8_t flip : {0x01, 0x80, 0xFF}) {
      changed[place] ^= std::byte{flip};
      read_everything(changed);
      changed[place] = library[place];
    }
  }
}

}  // namespace
}  // namespace hearth
