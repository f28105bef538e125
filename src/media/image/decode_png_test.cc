#include <gtest/gtest.h>

#include "media/image/image.h"
#include "media/image/testing/pictures.h"

namespace hearth {
namespace {

using testing::Pixel;

/// The formulas of tests/fuzz-corpus/make_pictures.py.
int sample(int x, int y, int channel, int depth) { return (x * 3701 + y * 6151 + channel * 9973) % (1 << depth); }

Pixel grey(int x, int y, int depth) {
  const int value = sample(x, y, 0, depth);
  const int level = depth == 16 ? value >> 8 : value * (255 / ((1 << depth) - 1));
  return {level, level, level};
}

Pixel rgb(int x, int y, int depth) {
  const int shift = depth - 8;
  return {sample(x, y, 0, depth) >> shift, sample(x, y, 1, depth) >> shift, sample(x, y, 2, depth) >> shift};
}

Pixel palette(int x, int y, int depth) {
  const int index = sample(x, y, 0, depth);
  return {index * 7 % 256, 255 - index, index * 31 % 256};
}

constexpr int kWidth = 9;
constexpr int kHeight = 6;

struct Case {
  const char* name;
  Pixel (*color)(int x, int y, int depth);
  int depth;
};

// The transparent ones keep the colours below their transparency, gamma changes nothing, both as with Pillow.
constexpr Case kCases[] = {
    {"grey_1", grey, 1},
    {"grey_2", grey, 2},
    {"grey_4", grey, 4},
    {"grey_8", grey, 8},
    {"grey_16", grey, 16},
    {"grey_8_clear", grey, 8},
    {"grey_alpha_8", grey, 8},
    {"grey_alpha_16", grey, 16},
    {"rgb_8", rgb, 8},
    {"rgb_16", rgb, 16},
    {"rgba_8", rgb, 8},
    {"rgba_16", rgb, 16},
    {"rgb_8_gamma", rgb, 8},
    {"palette_1", palette, 1},
    {"palette_2", palette, 2},
    {"palette_4", palette, 4},
    {"palette_8", palette, 8},
    {"palette_8_clear", palette, 8},
    {"grey_1_interlaced", grey, 1},
    {"rgb_8_interlaced", rgb, 8},
    {"palette_4_interlaced", palette, 4},
};

TEST(DecodePng, ReadsEveryKindOfPixel) {
  for (const Case& test : kCases) {
    const Result<Image> image = decode_image(testing::read_picture(std::string("png/") + test.name + ".png"));
    ASSERT_TRUE(image.ok()) << test.name << ": " << image.status().message();
    const Image expected = testing::draw(kWidth, kHeight, [&](int x, int y) { return test.color(x, y, test.depth); });
    EXPECT_EQ(testing::largest_difference(*image, expected), 0) << test.name;
  }
}

TEST(DecodePng, TurnsAsItsExifBlockSaysBeforeOrAfterThePixels) {
  const Result<Image> before = decode_image(testing::read_picture("png/rgb_8_orientation_6.png"));
  ASSERT_TRUE(before.ok()) << before.status().message();
  const Image clockwise = testing::draw(kHeight, kWidth, [](int x, int y) { return rgb(y, kHeight - 1 - x, 8); });
  EXPECT_EQ(testing::largest_difference(*before, clockwise), 0);

  const Result<Image> after = decode_image(testing::read_picture("png/rgb_8_orientation_8_after.png"));
  ASSERT_TRUE(after.ok()) << after.status().message();
  const Image counterclockwise = testing::draw(kHeight, kWidth, [](int x, int y) { return rgb(kWidth - 1 - y, x, 8); });
  EXPECT_EQ(testing::largest_difference(*after, counterclockwise), 0);
}

}  // namespace
}  // namespace hearth
