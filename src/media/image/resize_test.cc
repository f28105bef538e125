#include "media/image/resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "media/image/testing/pictures.h"

namespace hearth {
namespace {

using Resample = ImagePreprocess::Resample;
using testing::Pixel;

constexpr Resample kNearest = Resample::kNearest;
constexpr Resample kBilinear = Resample::kBilinear;
constexpr Resample kBicubic = Resample::kBicubic;

/// One row, or with `upright` one column, of greys.
Image line(const std::vector<int>& values, bool upright) {
  const auto size = static_cast<int>(values.size());
  const auto value = [&](int x, int y) {
    const int grey = values[static_cast<size_t>(upright ? y : x)];
    return Pixel{grey, grey, grey};
  };
  return upright ? testing::draw(1, size, value) : testing::draw(size, 1, value);
}

TEST(Resize, GivesPillowsNumbers) {
  struct Case {
    std::vector<int> from;
    Resample resample;
    std::vector<int> to;
  };
  const Case cases[] = {
      {{0, 255}, kNearest, {0, 0, 255, 255}},
      // The middle is a tie, which Pillow's rounding gives to the left.
      {{0, 255}, kNearest, {0, 0, 0, 0, 255, 255, 255}},
      {{0, 255}, kBilinear, {0, 64, 191, 255}},
      {{0, 255}, kBicubic, {0, 53, 202, 255}},
      {{0, 100, 200, 50}, kNearest, {100, 50}},
      {{0, 100, 200, 50}, kBilinear, {71, 121}},
      {{0, 100, 200, 50}, kBicubic, {68, 127}},
      {{10, 20, 30, 40, 50}, kNearest, {10, 30, 50}},
      {{10, 20, 30, 40, 50}, kBilinear, {14, 30, 46}},
      {{0, 255, 0, 255, 0, 255, 0}, kBilinear, {109, 135, 109}},
      {{0, 255, 0, 255, 0, 255, 0}, kBicubic, {111, 130, 111}},
      {{0, 255, 255, 0}, kNearest, {0, 0, 255, 255, 255, 0, 0}},
      {{0, 255, 255, 0}, kBilinear, {0, 91, 237, 255, 237, 91, 0}},
      {{0, 255, 255, 0}, kBicubic, {0, 77, 243, 255, 243, 77, 0}},
      {{200}, kNearest, {200, 200, 200}},
      {{200}, kBicubic, {200, 200, 200}},
  };
  for (const Case& test : cases) {
    for (const bool upright : {false, true}) {
      const auto size = static_cast<int>(test.to.size());
      const Result<Image> resized =
          resize_image(line(test.from, upright), upright ? 1 : size, upright ? size : 1, test.resample);
      ASSERT_TRUE(resized.ok());
      EXPECT_EQ(testing::largest_difference(*resized, line(test.to, upright)), 0)
          << ::testing::PrintToString(test.from) << " by filter " << static_cast<int>(test.resample);
    }
  }
}

TEST(Resize, MixesBothDirectionsInPillowsOrder) {
  const Image wide = testing::draw(4, 3, [](int x, int y) { return Pixel{x * 60, y * 90, (x + y) * 40}; });
  const Image tall = testing::draw(3, 6, [](int x, int y) {
    return Pixel{(x * 97 + y * 61) % 256, (x * 151 + y * y * 40) % 256, (x + y) % 2 * 255};
  });
  struct Case {
    const Image& from;
    Resample resample;
    int width;
    std::vector<Pixel> pixels;
  };
  const Case cases[] = {
      {wide,
       kBilinear,
       3,
       {{18, 34, 27}, {90, 34, 75}, {162, 34, 123}, {18, 146, 77}, {90, 146, 125}, {162, 146, 173}}},
      {wide, kBicubic, 3, {{11, 28, 20}, {90, 28, 72}, {169, 28, 124}, {11, 152, 76}, {90, 152, 128}, {169, 152, 180}}},
      {tall,
       kBilinear,
       2,
       {{80, 83, 123}, {179, 112, 123}, {141, 129, 128}, {123, 157, 128}, {133, 144, 132}, {163, 104, 132}}},
      {tall,
       kBicubic,
       2,
       {{69, 79, 123}, {190, 110, 123}, {148, 129, 128}, {113, 167, 128}, {130, 146, 132}, {167, 96, 132}}}};
  for (const Case& test : cases) {
    const int height = 6 / test.width;
    const Result<Image> resized = resize_image(test.from, test.width, height, test.resample);
    ASSERT_TRUE(resized.ok());
    const Image expected = testing::draw(
        test.width, height, [&](int x, int y) { return test.pixels[static_cast<size_t>(y * test.width + x)]; });
    EXPECT_EQ(testing::largest_difference(*resized, expected), 0)
        << test.from.width << " wide, filter " << static_cast<int>(test.resample);
  }
}

double weight(Resample resample, double distance) {
  const double x = std::abs(distance);
  if (resample == kBilinear) return x < 1 ? 1 - x : 0;
  if (x < 1) return 1.5 * x * x * x - 2.5 * x * x + 1;
  return x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2 : 0;
}

/// One output value of one direction: all inputs, weighted by their distance from its centre.
double mix(const std::vector<double>& line, int out, int position, Resample resample) {
  const double scale = static_cast<double>(line.size()) / out;
  const double center = (position + 0.5) * scale;
  double sum = 0;
  double weights = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const double share = weight(resample, (static_cast<double>(i) + 0.5 - center) / std::max(scale, 1.0));
    sum += share * line[i];
    weights += share;
  }
  return std::clamp(std::round(sum / weights), 0.0, 255.0);
}

/// One pass: the lines of one direction, each mixed to `size`.
Image mix_lines(const Image& image, int size, bool upright, Resample resample) {
  const auto mixed = [&](int x, int y) {
    Pixel pixel{};
    for (size_t channel = 0; channel < pixel.size(); ++channel) {
      std::vector<double> line;
      for (int i = 0; i < (upright ? image.height : image.width); ++i) {
        line.push_back(testing::pixel(image, upright ? x : i, upright ? i : y)[channel]);
      }
      pixel[channel] = static_cast<int>(mix(line, size, upright ? y : x, resample));
    }
    return pixel;
  };
  return upright ? testing::draw(image.width, size, mixed) : testing::draw(size, image.height, mixed);
}

Image resize_obviously(const Image& image, int width, int height, Resample resample) {
  const bool columns_first = height < image.height && image.height - height > 2 * (image.width - width);
  if (columns_first) return mix_lines(mix_lines(image, height, true, resample), width, false, resample);
  return mix_lines(mix_lines(image, width, false, resample), height, true, resample);
}

TEST(Resize, AgreesWithTheObviousReference) {
  constexpr unsigned kSeed = 20240613;
  std::mt19937 random(kSeed);
  std::uniform_int_distribution<int> side(1, 40);
  std::uniform_int_distribution<int> byte(0, 255);
  for (int round = 0; round < 60; ++round) {
    const Image image = testing::draw(side(random), side(random),
                                      [&](int, int) { return Pixel{byte(random), byte(random), byte(random)}; });
    const int width = side(random);
    const int height = side(random);
    for (const Resample resample : {kBilinear, kBicubic}) {
      const Result<Image> resized = resize_image(image, width, height, resample);
      ASSERT_TRUE(resized.ok());
      EXPECT_LE(testing::largest_difference(*resized, resize_obviously(image, width, height, resample)), 1)
          << image.width << "x" << image.height << " to " << width << "x" << height << ", seed " << kSeed;
    }
  }
}

TEST(Resize, LeavesAPictureOfThatSizeAsItIs) {
  const Image image = testing::ramp();
  for (const Resample resample : {kNearest, kBilinear, kBicubic}) {
    const Result<Image> resized = resize_image(image, image.width, image.height, resample);
    ASSERT_TRUE(resized.ok());
    EXPECT_EQ(testing::largest_difference(*resized, image), 0);
  }
}

TEST(Resize, RefusesEmptySizes) {
  struct Size {
    int width;
    int height;
  };
  for (const Size size : {Size{0, 1}, {1, 0}, {-3, 2}}) {
    const Result<Image> resized = resize_image(testing::ramp(), size.width, size.height, kBilinear);
    ASSERT_FALSE(resized.ok());
    EXPECT_EQ(resized.status().code(), StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace hearth
