#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

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

/// Mappings of libraries that were opened from memory.
inline int sealed_mappings() {
  std::ifstream maps("/proc/self/maps");
  int count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find("/memfd:") != std::string::npos ? 1 : 0;
  return count;
}

}  // namespace hearth
