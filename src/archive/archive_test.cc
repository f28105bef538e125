#include "archive/archive.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "archive/testing/archive_builder.h"

namespace hearth {
namespace {

using testing::build_small_archive;

/// Opens the bytes and, when that works, reads and checks everything there is; the first error.
Status read_everything(std::span<const std::byte> bytes) {
  const Result<std::shared_ptr<const Archive>> archive = Archive::open(bytes);
  if (!archive.ok()) return archive.status();
  for (const auto& [name, unused] : (*archive)->manifest().records) {
    if (Status status = (*archive)->check(name); !status.ok()) return status;
  }
  for (const auto& [name, tensor] : (*archive)->manifest().tensors) {
    if (const auto data = (*archive)->tensor_bytes(tensor); !data.ok()) return data.status();
  }
  return {};
}

TEST(Archive, OpensWhatTheFormatDescribes) {
  const std::vector<std::byte> bytes = build_small_archive();
  const Result<std::shared_ptr<const Archive>> archive = Archive::open(bytes);
  ASSERT_TRUE(archive.ok()) << archive.status().message();
  EXPECT_TRUE((*archive)->has_manifest());
  EXPECT_EQ((*archive)->manifest().name, "small");
  EXPECT_EQ((*archive)->tensor_bytes((*archive)->manifest().tensors.at("w"))->size(), 8U);
  EXPECT_EQ(*(*archive)->text("extra/labels.json"), R"(["cat","dog"])");
  EXPECT_EQ((*archive)->record("none").status().code(), StatusCode::kNotFound);
  EXPECT_EQ((*archive)->record("extra/hearth.json").status().code(), StatusCode::kInvalidFile);
  EXPECT_TRUE(read_everything(bytes).ok()) << read_everything(bytes).message();
}

TEST(Archive, RefusesEveryTruncation) {
  const std::vector<std::byte> good = build_small_archive();
  for (size_t size = 0; size < good.size(); ++size) {
    const Status status = read_everything(std::span(good).first(size));
    EXPECT_EQ(status.code(), StatusCode::kInvalidFile) << "cut to " << size;
    EXPECT_FALSE(status.message().empty());
  }
}

TEST(Archive, AnswersRightOrRefusesAfterEveryBitFlip) {
  const std::vector<std::byte> good = build_small_archive();
  std::vector<std::byte> bad = good;
  int refused = 0;
  for (size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      bad[i] = good[i] ^ static_cast<std::byte>(1 << bit);
      const Status status = read_everything(bad);
      if (!status.ok()) {
        ++refused;
        EXPECT_EQ(status.code(), StatusCode::kInvalidFile) << i << ": " << status.message();
      }
    }
    bad[i] = good[i];
  }
  // What may change unnoticed: timestamps, versions, attributes and padding, none of which is read.
  EXPECT_GT(refused, static_cast<int>(good.size()) * 8 / 2);
}

struct TemporaryFolder {
  std::filesystem::path path;
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hearth-test-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
};

TEST(Archive, SaysWhatIsWrongWithAFileThatIsNone) {
  const TemporaryFolder folder;
  const auto write = [&](const char* name, std::string_view contents) {
    std::ofstream(folder.path / name, std::ios::binary) << contents;
    return folder.path / name;
  };
  struct Case {
    std::filesystem::path path;
    StatusCode code;
    const char* message;
  };
  const Case cases[] = {
      {folder.path / "missing.pt2", StatusCode::kNotFound, "no such file"},
      {folder.path, StatusCode::kInvalidFile, "directory"},
      {write("empty.pt2", ""), StatusCode::kInvalidFile, "empty"},
      {write("text.pt2", "This is a text of more than twenty-two bytes."), StatusCode::kInvalidFile, "no .pt2 file"},
      {"/dev/null", StatusCode::kInvalidFile, "not a regular file"},
  };
  for (const Case& test : cases) {
    const Status status = Archive::open(test.path).status();
    EXPECT_EQ(status.code(), test.code) << test.path << ": " << status.message();
    EXPECT_NE(status.message().find(test.message), std::string::npos) << status.message();
    EXPECT_NE(status.message().find(test.path.filename().string()), std::string::npos) << status.message();
  }
}

TEST(Archive, OpensHugeFilesByTouchingLittle) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder.path / "huge.pt2";
  // A stored entry of 5 GB of zeros, most of it a hole in the file. Its CRC is not looked at when the archive is
  // opened.
  testing::ArchiveBuilder builder;
  const std::vector<std::byte> small = build_small_archive();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(small.data()), static_cast<std::streamsize>(small.size()));
  const int file = ::open(path.c_str(), O_RDWR);
  ASSERT_EQ(ftruncate(file, off_t{5} << 30), 0);
  ASSERT_EQ(::pwrite(file, small.data(), small.size(), (off_t{5} << 30) - static_cast<off_t>(small.size())),
            static_cast<ssize_t>(small.size()));
  ::close(file);
  // Five gigabytes in front belong to no entry: the reader says so after it has read the directory alone.
  const Status status = Archive::open(path).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidFile);
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  statm >> total >> resident;
  EXPECT_LT(resident * sysconf(_SC_PAGESIZE), int64_t{1} << 30);
}

}  // namespace
}  // namespace hearth
