#include "archive/zip_reader.h"

#include <gtest/gtest.h>

#include <cstring>

#include "archive/testing/archive_builder.h"

namespace hearth {
namespace {

using testing::ArchiveBuilder;
using testing::BuiltEntry;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(ZipReader, ReadsEveryFormThatWritersUse) {
  for (const bool zip64_end : {false, true}) {
    ArchiveBuilder builder;
    builder.add({"a/stored", "hello"});
    builder.add({.name = "a/deflated.json", .contents = std::string(1000, 'x'), .deflate = true});
    builder.add({.name = "a/descriptor", .contents = "later", .data_descriptor = true});
    builder.add({.name = "a/wide", .contents = "wide sizes", .zip64 = true});
    builder.add({.name = "a/page", .contents = "weights", .alignment = 16384});
    builder.add({"a/empty", ""});
    const std::vector<std::byte> bytes = builder.build(zip64_end);
    const Result<ZipReader> zip = ZipReader::open(bytes);
    ASSERT_TRUE(zip.ok()) << zip.status().message();
    ASSERT_EQ(zip->entries().size(), 6U);
    EXPECT_EQ(text_of(zip->find("a/stored")->data), "hello");
    EXPECT_EQ(*read_text(*zip->find("a/deflated.json"), 4096), std::string(1000, 'x'));
    EXPECT_EQ(text_of(zip->find("a/descriptor")->data), "later");
    EXPECT_EQ(text_of(zip->find("a/wide")->data), "wide sizes");
    EXPECT_EQ((zip->find("a/page")->data.data() - bytes.data()) % 16384, 0);
    EXPECT_EQ(zip->find("a/empty")->data.size(), 0U);
    EXPECT_EQ(zip->find("a/none"), nullptr);
  }
}

struct HostileName {
  const char* name;
  const char* message;
};

TEST(ZipReader, RefusesHostileNames) {
  const HostileName names[] = {{"../up", "leaves its folder"},
                               {"a/../b", "leaves its folder"},
                               {"a//b", "leaves its folder"},
                               {"a/./b", "leaves its folder"},
                               {"/etc/passwd", "plain relative"},
                               {"a/", "plain relative"},
                               {"C:/x", "control characters"},
                               {"a\\b", "control characters"},
                               {"a\nb", "control characters"},
                               {"a\x7f", "control characters"},
                               {"", "1 to 1024"}};
  for (const HostileName& hostile : names) {
    ArchiveBuilder builder;
    builder.add({hostile.name, "x"});
    const Status status = ZipReader::open(builder.build()).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidFile) << hostile.name;
    EXPECT_NE(status.message().find(hostile.message), std::string::npos) << hostile.name << ": " << status.message();
  }
  ArchiveBuilder builder;
  builder.add({std::string(1025, 'n'), "x"});
  builder.add({std::string("a\0b", 3), "x"});
  EXPECT_FALSE(ZipReader::open(builder.build()).ok());
}

/// Puts `value` over the bytes at `offset`.
std::vector<std::byte> patched(std::vector<std::byte> bytes, size_t offset, uint64_t value, size_t size) {
  std::memcpy(bytes.data() + offset, &value, size);
  return bytes;
}

ArchiveBuilder two_entries() {
  ArchiveBuilder builder;
  builder.add({"a/first", "first contents"});
  builder.add({"a/second", "second contents"});
  return builder;
}

TEST(ZipReader, RefusesArchivesThatTwoReadersWouldReadDifferently) {
  const std::vector<std::byte> good = two_entries().build();
  ASSERT_TRUE(ZipReader::open(good).ok());

  ArchiveBuilder duplicate = two_entries();
  duplicate.add({"a/first", "another"});
  EXPECT_NE(ZipReader::open(duplicate.build()).status().message().find("two of that name"), std::string::npos);

  ArchiveBuilder encrypted;
  encrypted.add({.name = "a/secret", .contents = "x", .extra_flags = 1});
  EXPECT_NE(ZipReader::open(encrypted.build()).status().message().find("encrypted"), std::string::npos);

  std::vector<std::byte> trailing = good;
  trailing.push_back(std::byte{0});
  EXPECT_NE(ZipReader::open(trailing).status().message().find("something after it"), std::string::npos);

  std::vector<std::byte> leading = good;
  leading.insert(leading.begin(), std::byte{0});
  EXPECT_FALSE(ZipReader::open(leading).ok());
}

TEST(ZipReader, RefusesEveryBoundaryValueInEverySizeAndOffset) {
  const std::vector<std::byte> good = two_entries().build(/*zip64_end=*/true);
  const size_t end = good.size() - 22;
  const size_t record_64 = end - 20 - 56;
  uint32_t directory = 0;
  std::memcpy(&directory, good.data() + end + 16, 4);
  struct Field {
    const char* name;
    size_t offset;
    size_t size;
  };
  const Field fields[] = {{"local name size", 26, 2},
                          {"local extra size", 28, 2},
                          {"local size", 22, 4},
                          {"local compressed size", 18, 4},
                          {"central compressed size", directory + 20U, 4},
                          {"central size", directory + 24U, 4},
                          {"central name size", directory + 28U, 2},
                          {"central extra size", directory + 30U, 2},
                          {"central comment size", directory + 32U, 2},
                          {"central offset", directory + 42U, 4},
                          {"end entries", end + 10, 2},
                          {"end size", end + 12, 4},
                          {"end offset", end + 16, 4},
                          {"end comment", end + 20, 2},
                          {"record size", record_64 + 4, 8},
                          {"record entries", record_64 + 32, 8},
                          {"record directory size", record_64 + 40, 8},
                          {"record offset", record_64 + 48, 8},
                          {"locator offset", end - 20 + 8, 8}};
  const uint64_t values[] = {0,          1,          good.size() - 1,   good.size(), good.size() + 1,
                             0x7FFFFFFF, 0xFFFFFFFF, uint64_t{1} << 63, ~uint64_t{0}};
  for (const Field& field : fields) {
    for (const uint64_t value : values) {
      const std::vector<std::byte> bad = patched(good, field.offset, value, field.size);
      // All ones in the end record mean: see the zip64 record, which is there and right.
      const uint64_t ones = field.size == 2 ? 0xFFFF : 0xFFFFFFFF;
      const bool refers = field.offset >= end && field.offset < end + 20 && (value & ones) == ones;
      if (bad == good || refers) continue;
      const Result<ZipReader> zip = ZipReader::open(bad);
      EXPECT_FALSE(zip.ok()) << field.name << " = " << value;
      EXPECT_EQ(zip.status().code(), StatusCode::kInvalidFile);
    }
  }
}

TEST(ZipReader, RefusesTextThatIsDamagedOrTooLong) {
  ArchiveBuilder builder;
  builder.add({.name = "a/t.json", .contents = std::string(5000, 'y'), .deflate = true});
  const std::vector<std::byte> bytes = builder.build();
  const Result<ZipReader> zip = ZipReader::open(bytes);
  ASSERT_TRUE(zip.ok());
  EXPECT_NE(read_text(zip->entries()[0], 4999).status().message().find("the most is 4999"), std::string::npos);
  ZipEntry bomb = zip->entries()[0];
  bomb.size = 1'000'000'000;
  EXPECT_NE(read_text(bomb, 2'000'000'000).status().message().find("cannot inflate"), std::string::npos);
  ZipEntry wrong = zip->entries()[0];
  wrong.crc32 ^= 1;
  EXPECT_NE(read_text(wrong, 5000).status().message().find("CRC"), std::string::npos);
}

}  // namespace
}  // namespace hearth
