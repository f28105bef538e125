#include "base/write_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "base/testing/temporary_folder.h"

namespace hearth {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(WriteFile, ReplacesTheWholeFile) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "file";
  for (const std::string& contents : {std::string("a longer text"), std::string("short"), std::string()}) {
    const Status status = write_file(path, std::as_bytes(std::span(contents)));
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(text_of(path), contents);
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1) << "nothing else is left behind";
}

TEST(WriteFile, LeavesNothingBehindWhenItFails) {
  const testing::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "taken" / "inside");
  for (const char* name : {"no/such/folder", "taken"}) {
    const std::filesystem::path path = folder.path() / name;
    const Status status = write_file(path, {});
    EXPECT_EQ(status.code(), StatusCode::kFailed) << name;
    EXPECT_TRUE(status.message().starts_with(path.string())) << status.message();
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

}  // namespace
}  // namespace hearth
