#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "base/testing/sanitizers.h"
#include "base/testing/temporary_folder.h"

namespace hearth {
namespace {

std::string text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST(MappedFile, HoldsTheFilesBytes) {
  const testing::TemporaryFolder folder;
  for (const size_t size : {size_t{1}, size_t{4095}, size_t{4096}, size_t{4097}, size_t{1} << 20}) {
    std::string contents(size, '\0');
    for (size_t i = 0; i < size; ++i) contents[i] = static_cast<char>(i * 31 + 7);
    const auto file = MappedFile::open(folder.write("file", contents));
    ASSERT_TRUE(file.ok()) << file.status().message();
    EXPECT_EQ(text_of(**file), contents);
    std::filesystem::remove(folder.path() / "file");
    EXPECT_EQ(text_of(**file), contents) << "a mapping outlives its name";
  }
}

TEST(MappedFile, RefusesWhatIsNoFile) {
  const testing::TemporaryFolder folder;
  folder.write("empty", "");
  folder.write("file", "x");
  std::filesystem::create_directory(folder.path() / "folder");
  std::filesystem::create_symlink("nowhere", folder.path() / "dangling");
  std::filesystem::create_symlink("loop", folder.path() / "loop");
  ASSERT_EQ(mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
  struct Case {
    std::filesystem::path name;
    StatusCode code;
    const char* message;
  };
  const Case cases[] = {{"none", StatusCode::kNotFound, "no such file"},
                        {"file/below", StatusCode::kNotFound, "no such file"},
                        {"dangling", StatusCode::kNotFound, "no such file"},
                        {"loop", StatusCode::kInvalidFile, "cannot be opened"},
                        {std::string(300, 'n'), StatusCode::kInvalidFile, "cannot be opened"},
                        {"folder", StatusCode::kInvalidFile, "directory"},
                        {"pipe", StatusCode::kInvalidFile, "regular file"},
                        {"/dev/null", StatusCode::kInvalidFile, "regular file"},
                        {"empty", StatusCode::kInvalidFile, "empty"}};
  for (const Case& c : cases) {
    const std::filesystem::path path = folder.path() / c.name;
    const auto file = MappedFile::open(path);
    ASSERT_FALSE(file.ok()) << path;
    EXPECT_EQ(file.status().code(), c.code) << path;
    EXPECT_TRUE(file.status().message().starts_with(path.string())) << file.status().message();
    EXPECT_NE(file.status().message().find(c.message), std::string::npos) << file.status().message();
  }
}

/// The superuser may read everything, so a child gives its rights up first; its exit status says what it saw.
int open_as_somebody_else(const std::filesystem::path& path) {
  constexpr uid_t kNobody = 65534;
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setuid(kNobody) != 0) _exit(100);
    const auto file = MappedFile::open(path);
    _exit(file.ok() ? 101 : static_cast<int>(file.status().code()));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 102;
}

TEST(MappedFile, SaysWhenReadingIsNotPermitted) {
  const testing::TemporaryFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
  const std::filesystem::path path = folder.write("secret", "x");
  std::filesystem::permissions(path, std::filesystem::perms::none);
  EXPECT_EQ(open_as_somebody_else(path), static_cast<int>(StatusCode::kPermissionDenied));
}

TEST(MappedFileDeathTest, ShrinkingTheFileRaisesSigbus) {
  if (testing::kSanitized) GTEST_SKIP() << "sanitizers turn the signal into a report";
  const testing::TemporaryFolder folder;
  const std::filesystem::path path = folder.write("file", std::string(3 * 65536, 'x'));
  const auto file = MappedFile::open(path);
  ASSERT_TRUE(file.ok());
  std::filesystem::resize_file(path, 65536);
  EXPECT_EQ((*file)->bytes()[65535], std::byte{'x'});
  const auto touch = [&] {
    _exit(static_cast<int>(*static_cast<const volatile std::byte*>(&(*file)->bytes()[131072])));
  };
  EXPECT_EXIT(touch(), ::testing::KilledBySignal(SIGBUS), "");
}

TEST(MappedFile, ReleasedPagesComeBack) {
  const testing::TemporaryFolder folder;
  std::string contents(5 * 65536 + 17, '\0');
  for (size_t i = 0; i < contents.size(); ++i) contents[i] = static_cast<char>(i % 251);
  const auto file = MappedFile::open(folder.write("file", contents));
  ASSERT_TRUE(file.ok());
  const std::span<const std::byte> bytes = (*file)->bytes();
  const std::byte elsewhere[2]{};
  for (const auto range : {bytes, bytes.subspan(1, 70000), bytes.subspan(100, 10), bytes.last(17), bytes.first(0),
                           std::span<const std::byte>(elsewhere)}) {
    (*file)->release_pages(range);
    EXPECT_EQ(text_of(**file), contents);
  }
}

}  // namespace
}  // namespace hearth
