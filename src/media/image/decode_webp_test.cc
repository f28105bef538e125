#include <gtest/gtest.h>

#include "media/image/image.h"
#include "media/image/testing/pictures.h"

namespace hearth {
namespace {

Result<Image> decode(const std::string& name) { return decode_image(testing::read_picture("webp/" + name + ".webp")); }

TEST(DecodeWebp, ReadsEveryKindOfPixel) {
  struct Case {
    const char* name;
    int tolerance;  ///< What the encoder's loss explains; nothing for lossless ones.
  };
  constexpr Case kCases[] = {{"lossless", 0}, {"lossless_alpha", 0}, {"lossy", 12}, {"lossy_alpha", 20}};
  for (const Case& test : kCases) {
    const Result<Image> image = decode(test.name);
    ASSERT_TRUE(image.ok()) << test.name << ": " << image.status().message();
    EXPECT_LE(testing::largest_difference(*image, testing::ramp()), test.tolerance) << test.name;
  }
}

TEST(DecodeWebp, RefusesAnimations) {
  const Result<Image> image = decode("animated");
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.status().code(), StatusCode::kInvalidFile);
  EXPECT_EQ(image.status().message(), "the WebP is an animation; a still picture is needed");
}

TEST(DecodeWebp, TurnsAsItsExifBlockSays) {
  const Result<Image> turned = decode("orientation_6");
  ASSERT_TRUE(turned.ok()) << turned.status().message();
  const Image stored = testing::ramp();
  const Image clockwise = testing::draw(24, 16, [&](int x, int y) { return testing::pixel(stored, y, 23 - x); });
  EXPECT_EQ(testing::largest_difference(*turned, clockwise), 0);
}

}  // namespace
}  // namespace hearth
