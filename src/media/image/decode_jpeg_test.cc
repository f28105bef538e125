#include <gtest/gtest.h>

#include <algorithm>

#include "media/image/image.h"
#include "media/image/testing/pictures.h"

namespace hearth {
namespace {

using testing::Pixel;

Result<Image> decode(const std::string& name) { return decode_image(testing::read_picture("jpeg/" + name + ".jpg")); }

/// Pillow's conversion: each colour is what the ink and the black leave of white.
Pixel without_inks(const std::array<int, 4>& inks) {
  Pixel rgb{};
  for (size_t channel = 0; channel < rgb.size(); ++channel) {
    rgb[channel] = (255 - inks[channel]) * (255 - inks[3]) / 255;
  }
  return rgb;
}

TEST(DecodeJpeg, ReadsEveryKindOfPixel) {
  const Image ramp = testing::ramp();
  const Image grey = testing::draw(16, 24, [](int x, int) { return Pixel{x * 16, x * 16, x * 16}; });
  const Image inks = testing::draw(16, 24, [](int x, int y) { return without_inks({x * 16, y * 10, 128, 32}); });
  struct Case {
    const char* name;
    const Image& expected;
    int tolerance;  ///< What the encoder's loss explains; a wrong conversion is off by tens.
  };
  const Case cases[] = {{"grey", grey, 3},        {"444", ramp, 4},      {"422", ramp, 10}, {"420", ramp, 12},
                        {"progressive", ramp, 4}, {"restarts", ramp, 4}, {"rgb", ramp, 3},  {"cmyk", inks, 4}};
  for (const Case& test : cases) {
    const Result<Image> image = decode(test.name);
    ASSERT_TRUE(image.ok()) << test.name << ": " << image.status().message();
    EXPECT_LE(testing::largest_difference(*image, test.expected), test.tolerance) << test.name;
  }
}

TEST(DecodeJpeg, ReadsTheSamePixelsFromEveryOrderOfCoding) {
  const Result<Image> plain = decode("444");
  ASSERT_TRUE(plain.ok());
  for (const char* name : {"progressive", "restarts"}) {
    const Result<Image> image = decode(name);
    ASSERT_TRUE(image.ok()) << name;
    EXPECT_EQ(testing::largest_difference(*image, *plain), 0) << name;
  }
}

TEST(DecodeJpeg, ForgivesStrayBytesButNotAnErrorBehindThem) {
  std::vector<std::byte> bytes = testing::read_picture("jpeg/444.jpg");
  constexpr ptrdiff_t kSecondSegment = 20;
  bytes.insert(bytes.begin() + kSecondSegment, 2, std::byte{0});
  const Result<Image> forgiven = decode_image(bytes);
  ASSERT_TRUE(forgiven.ok()) << forgiven.status().message();
  EXPECT_EQ(testing::largest_difference(*forgiven, *decode("444")), 0);

  constexpr std::byte kScan[] = {std::byte{0xFF}, std::byte{0xDA}};
  const auto scan = std::ranges::search(bytes, kScan).begin();
  scan[5] = std::byte{99};  // The first component, which the frame lacks.
  const Result<Image> refused = decode_image(bytes);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidFile);
}

TEST(DecodeJpeg, TurnsAsItsExifBlockSays) {
  const Result<Image> stored = decode("444");
  const Result<Image> turned = decode("orientation_6");
  ASSERT_TRUE(stored.ok());
  ASSERT_TRUE(turned.ok()) << turned.status().message();
  const Image clockwise = testing::draw(24, 16, [&](int x, int y) { return testing::pixel(*stored, y, 23 - x); });
  EXPECT_EQ(testing::largest_difference(*turned, clockwise), 0);
}

}  // namespace
}  // namespace hearth
