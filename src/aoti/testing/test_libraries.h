#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "aoti/elf_image.h"

namespace hearth {

/// True when the library was built: those of clang are only where clang is.
inline bool has_test_library(const std::string& name) {
  return std::filesystem::exists(std::filesystem::path(HEARTH_TEST_LIBRARIES) / (name + ".so"));
}

/// The bytes of one of the libraries that CMakeLists.txt builds of testing/*.cpp.
inline std::vector<std::byte> test_library(const std::string& name) {
  std::ifstream file(std::filesystem::path(HEARTH_TEST_LIBRARIES) / (name + ".so"), std::ios::binary);
  EXPECT_TRUE(file.is_open()) << name;
  const std::vector<char> characters{std::istreambuf_iterator<char>(file), {}};
  const auto* begin = reinterpret_cast<const std::byte*>(characters.data());
  return {begin, begin + characters.size()};
}

/// A copy in which the value of a dynamic entry was changed.
inline std::vector<std::byte> with_dynamic_value(std::vector<std::byte> library, int64_t tag, uint64_t value) {
  const ElfImage image = *ElfImage::open(library);
  for (size_t i = 0; i < image.dynamic().size(); ++i) {
    Elf64_Dyn entry = image.dynamic()[i];
    if (entry.d_tag != tag) continue;
    entry.d_un.d_val = value;
    std::memcpy(&library[image.dynamic_offset() + i * sizeof(entry)], &entry, sizeof(entry));
  }
  return library;
}

/// Mappings of libraries that were opened from memory.
inline int sealed_mappings() {
  std::ifstream maps("/proc/self/maps");
  int count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find("/memfd:") != std::string::npos ? 1 : 0;
  return count;
}

}  // namespace hearth
