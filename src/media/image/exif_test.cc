#include "media/image/exif.h"

#include <gtest/gtest.h>

#include "media/image/testing/pictures.h"

namespace hearth {
namespace {

using testing::exif_block;
using testing::Pixel;

constexpr int kShort = 3;
constexpr int kLong = 4;

std::vector<std::byte> operator+(std::vector<std::byte> a, const std::vector<std::byte>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

const std::vector<std::byte> kPrefix = bytes_of({"Exif\0\0", 6});

TEST(Exif, ReadsTheOrientationOfEitherByteOrderAndType) {
  for (const bool big_endian : {false, true}) {
    for (const int type : {kShort, kLong}) {
      for (int orientation = 1; orientation <= 8; ++orientation) {
        const std::vector<std::byte> block = exif_block(orientation, big_endian, type);
        EXPECT_EQ(exif_orientation(block), orientation) << big_endian << " " << type;
        EXPECT_EQ(exif_orientation(kPrefix + block), orientation) << big_endian << " " << type;
      }
    }
  }
}

TEST(Exif, FindsTheOrientationBehindOtherTags) {
  EXPECT_EQ(exif_orientation(testing::read_picture("exif/short_little")), 5);
  EXPECT_EQ(exif_orientation(testing::read_picture("exif/short_big")), 7);
  EXPECT_EQ(exif_orientation(testing::read_picture("exif/long_big")), 3);
  EXPECT_EQ(exif_orientation(testing::read_picture("exif/with_prefix")), 2);
}

TEST(Exif, TakesDamagedBlocksForUpright) {
  for (const bool big_endian : {false, true}) {
    const std::vector<std::byte> good = exif_block(6, big_endian);
    constexpr size_t kValueEnd = 20;
    for (size_t size = 0; size < kValueEnd; ++size) {
      EXPECT_EQ(exif_orientation(std::span(good).first(size)), 1) << "cut to " << size;
    }
    struct Change {
      size_t offset;
      int value;
    };
    // The byte order, the mark, the directory's place, the count of entries, the tag.
    for (const Change change : {Change{0, 'X'}, {2, 1}, {3, 1}, {4, 0xFF}, {7, 0xFF}, {5, 1}, {10, 2}, {11, 2}}) {
      std::vector<std::byte> bad = good;
      bad[change.offset] = static_cast<std::byte>(change.value);
      EXPECT_EQ(exif_orientation(bad), 1) << big_endian << ", byte " << change.offset;
    }
    for (const int orientation : {0, 9, 255, 0x0600}) {
      EXPECT_EQ(exif_orientation(exif_block(orientation, big_endian)), 1) << orientation;
    }
  }
}

/// A segment of a JPEG file: its marker's second byte, its size, its contents.
std::vector<std::byte> segment(int marker, const std::vector<std::byte>& contents) {
  const size_t size = contents.size() + 2;
  return std::vector<std::byte>{std::byte{0xFF}, static_cast<std::byte>(marker), static_cast<std::byte>(size >> 8),
                                static_cast<std::byte>(size & 0xFF)} +
         contents;
}

TEST(Exif, FindsTheBlockInAJpeg) {
  const std::vector<std::byte> start = bytes_of("\xFF\xD8");
  const std::vector<std::byte> fill = bytes_of("\xFF\xFF\xFF");
  const std::vector<std::byte> block = segment(0xE1, kPrefix + exif_block(6, true));
  const std::vector<std::byte> jfif = segment(0xE0, bytes_of("JFIF"));
  const std::vector<std::byte> xmp = segment(0xE1, bytes_of("http://ns.adobe.com/xap/1.0/"));
  const std::vector<std::byte> scan = segment(0xDA, {});
  struct Case {
    const char* name;
    std::vector<std::byte> file;
    int orientation;
  };
  const Case cases[] = {{"first", start + block, 6},
                        {"behind others", start + jfif + xmp + block, 6},
                        {"behind fill bytes", start + jfif + fill + block, 6},
                        {"behind the pixels", start + scan + block, 1},
                        {"none", start + jfif + scan, 1},
                        {"nothing", start, 1},
                        {"only fill bytes", start + fill, 1},
                        {"no marker", start + bytes_of("abcd") + block, 1},
                        {"segment of size 1", start + bytes_of({"\xFF\xE0\0\1", 4}) + block, 1},
                        {"segment beyond the end", start + bytes_of("\xFF\xE0\x7F\x7F") + block, 1}};
  for (const Case& test : cases) EXPECT_EQ(jpeg_orientation(test.file), test.orientation) << test.name;

  const std::vector<std::byte> whole = start + block;
  constexpr size_t kUnread = 4;  // The block's end, which names no further directory, is part of its segment.
  for (size_t size = 0; size + kUnread < whole.size(); ++size) {
    EXPECT_EQ(jpeg_orientation(std::span(whole).first(size)), 1) << "cut to " << size;
  }
}

TEST(Exif, FindsTheBlockInAWebp) {
  const std::vector<std::byte> start = bytes_of({"RIFF\0\0\0\0WEBP", 12});
  const std::vector<std::byte> odd = bytes_of({"ICCP\3\0\0\0abc\0", 12});
  const std::vector<std::byte> block = bytes_of({"EXIF\x1a\0\0\0", 8}) + exif_block(4, false);
  struct Case {
    const char* name;
    std::vector<std::byte> file;
    int orientation;
  };
  const Case cases[] = {{"first", start + block, 4},
                        {"behind a padded chunk", start + odd + block, 4},
                        {"none", start + odd, 1},
                        {"nothing", start, 1},
                        {"less than a header", bytes_of("RIFF"), 1},
                        {"chunk beyond the end", start + bytes_of("EXIF\xFF\xFF\xFF\xFF") + exif_block(4, false), 1}};
  for (const Case& test : cases) EXPECT_EQ(webp_orientation(test.file), test.orientation) << test.name;
}

TEST(ApplyOrientation, TurnsAndMirrorsAsTheStandardSays) {
  const auto image_of = [](int width, int height, const std::vector<int>& names) {
    return testing::draw(width, height, [&](int x, int y) {
      const int name = names[static_cast<size_t>(y * width + x)];
      return Pixel{name, name + 100, name + 200};
    });
  };
  struct Case {
    int orientation;
    int width;
    std::vector<int> upright;
  };
  const Case cases[] = {{1, 3, {1, 2, 3, 4, 5, 6}}, {2, 3, {3, 2, 1, 6, 5, 4}}, {3, 3, {6, 5, 4, 3, 2, 1}},
                        {4, 3, {4, 5, 6, 1, 2, 3}}, {5, 2, {1, 4, 2, 5, 3, 6}}, {6, 2, {4, 1, 5, 2, 6, 3}},
                        {7, 2, {6, 3, 5, 2, 4, 1}}, {8, 2, {3, 6, 2, 5, 1, 4}}};
  for (const Case& test : cases) {
    const Result<Image> turned = apply_orientation(image_of(3, 2, {1, 2, 3, 4, 5, 6}), test.orientation);
    ASSERT_TRUE(turned.ok());
    const Image expected = image_of(test.width, 6 / test.width, test.upright);
    EXPECT_EQ(testing::largest_difference(*turned, expected), 0) << test.orientation;
  }
}

}  // namespace
}  // namespace hearth
