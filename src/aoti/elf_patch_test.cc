#include "aoti/elf_patch.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "aoti/elf_image.h"
#include "aoti/import_gate.h"
#include "aoti/sealed_library.h"
#include "aoti/testing/test_libraries.h"
#include "kernels/cpu/kernel_test_support.h"

namespace hearth {
namespace {

constexpr int kRounds = 1000;

bool has_unique_symbols(const std::vector<std::byte>& library) {
  const ElfImage image = *ElfImage::open(library);
  return std::ranges::any_of(image.symbols(),
                             [](const Elf64_Sym& symbol) { return ELF64_ST_BIND(symbol.st_info) == STB_GNU_UNIQUE; });
}

/// Both orders in which a linker lists what is dropped and what is kept.
class StickyLibrary : public testing::TestWithParam<const char*> {
 protected:
  std::vector<std::byte> library_ = test_library(GetParam());
};

TEST_P(StickyLibrary, IsPatchedWhereItSticks) {
  const ElfFacts before = *read_elf(library_);
  ASSERT_TRUE(has_unique_symbols(library_));
  ASSERT_TRUE(std::ranges::count(before.imports, "__cxa_thread_atexit") == 1);
  ASSERT_TRUE(std::ranges::any_of(before.needed, is_replaced_library));
  ASSERT_TRUE(std::ranges::any_of(before.needed, is_torch_library));

  const Status status = make_unloadable(library_);
  ASSERT_TRUE(status.ok()) << status.message();
  const ElfFacts after = *read_elf(library_);
  EXPECT_FALSE(has_unique_symbols(library_));
  EXPECT_EQ(std::ranges::count(after.imports, "__cxa_thread_atexit"), 0);
  EXPECT_EQ(std::ranges::count(after.imports, "exit"), 1) << "a name that shares its string with the changed one";
  EXPECT_TRUE(std::ranges::all_of(after.needed, is_system_library));
  EXPECT_GE(after.needed.size(), 1U);
  EXPECT_EQ(after.exports, before.exports);
  EXPECT_TRUE(check_imports(after).ok());
}

TEST_P(StickyLibrary, PatchingTwiceChangesNothing) {
  ASSERT_TRUE(make_unloadable(library_).ok());
  std::vector<std::byte> again = library_;
  ASSERT_TRUE(make_unloadable(again).ok());
  EXPECT_EQ(again, library_);
}

TEST_P(StickyLibrary, LoadsRunsAndUnloads) {
  TestContext context(2);
  const KernelContext kernel_context = context.get();
  const ScopedKernelContext scope(kernel_context);
  const int mappings = sealed_mappings();
  for (int round = 0; round < kRounds; ++round) {
    const Result<std::unique_ptr<SealedLibrary>> library = SealedLibrary::open(library_, "sticky");
    ASSERT_TRUE(library.ok()) << library.status().message();
    const auto answer = reinterpret_cast<int (*)(int)>((*library)->symbol("answer"));
    ASSERT_NE(answer, nullptr);
    ASSERT_EQ(answer(2), 42);
    ASSERT_GT(sealed_mappings(), mappings);
  }
  EXPECT_EQ(sealed_mappings(), mappings);
}

INSTANTIATE_TEST_SUITE_P(LinkOrders, StickyLibrary, testing::Values("sticky", "sticky_torch_first"),
                         [](const auto& library) { return std::string(library.param); });

TEST(ElfPatch, ClearsAnExecutableStack) {
  std::vector<std::byte> library = test_library("executable_stack");
  ASSERT_TRUE(make_unloadable(library).ok());
  EXPECT_FALSE(read_elf(library)->executable_stack);
}

TEST(ElfPatch, LeavesOtherLibrariesAlone) {
  const std::vector<std::byte> library = test_library("harmless");
  std::vector<std::byte> patched = library;
  ASSERT_TRUE(make_unloadable(patched).ok());
  EXPECT_EQ(patched, library);
}

TEST(ElfPatch, RefusesVersionTablesOutsideOfTheFile) {
  for (const int64_t tag : {DT_VERNEED, DT_VERNEEDNUM, DT_VERSYM}) {
    std::vector<std::byte> library = with_dynamic_value(test_library("sticky"), tag, uint64_t{1} << 40);
    EXPECT_EQ(make_unloadable(library).code(), StatusCode::kInvalidFile) << tag;
  }
}

TEST(SealedLibrary, KeepsLibrariesApart) {
  const auto open = [](const char* name) { return *SealedLibrary::open(test_library(name), "same name"); };
  const std::unique_ptr<SealedLibrary> first = open("harmless");
  const std::unique_ptr<SealedLibrary> second = open("harmless");
  EXPECT_NE(first->symbol("exported"), second->symbol("exported"));
  EXPECT_EQ(first->symbol("no_such_function"), nullptr);
}

TEST(SealedLibrary, TakesNamesOfAnyLength) {
  const auto library = SealedLibrary::open(test_library("harmless"), std::string(1000, 'n'));
  EXPECT_TRUE(library.ok()) << library.status().message();
}

TEST(SealedLibrary, GivesTheLoadersWords) {
  std::vector<std::byte> library = test_library("needs_zlib");
  const std::string name = "libz.so.1";
  const std::string other = "libq.so.1";
  const auto as_bytes = [](const std::string& text) { return std::as_bytes(std::span(text)); };
  const auto place = std::ranges::search(library, as_bytes(name));
  ASSERT_FALSE(place.empty());
  std::ranges::copy(as_bytes(other), place.begin());
  const auto opened = SealedLibrary::open(library, "test");
  EXPECT_EQ(opened.status().code(), StatusCode::kInvalidFile);
  EXPECT_NE(opened.status().message().find(other), std::string::npos) << opened.status().message();
}

}  // namespace
}  // namespace hearth
