#include "media/image/preprocess.h"

#include <gtest/gtest.h>

#include "media/image/testing/pictures.h"

namespace hearth {
namespace {

using Resize = ImagePreprocess::Resize;
using testing::Pixel;

/// Steps that change nothing but the type.
ImagePreprocess plain(int channels = 3) {
  ImagePreprocess preprocess;
  preprocess.channels = channels;
  preprocess.rescale = 1;
  preprocess.mean.assign(static_cast<size_t>(channels), 0);
  preprocess.std.assign(static_cast<size_t>(channels), 1);
  return preprocess;
}

std::vector<float> values(const Tensor& tensor) {
  return {tensor.data_as<float>(), tensor.data_as<float>() + tensor.element_count()};
}

TEST(Preprocess, PutsChannelsInPlanes) {
  const Image image =
      testing::draw(2, 2, [](int x, int y) { return Pixel{x + 2 * y, 10 + x + 2 * y, 20 + x + 2 * y}; });
  const Result<Tensor> tensor = preprocess_image(image, plain());
  ASSERT_TRUE(tensor.ok()) << tensor.status().message();
  EXPECT_EQ(describe(*tensor), "float32[1, 3, 2, 2]");
  EXPECT_EQ(values(*tensor), (std::vector<float>{0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23}));
}

TEST(Preprocess, RescalesAndNormalisesEachChannel) {
  ImagePreprocess preprocess = plain();
  preprocess.rescale = 1.0 / 255;
  preprocess.mean = {0, 0.5, 0.25};
  preprocess.std = {1, 0.5, 0.125};
  const Result<Tensor> tensor =
      preprocess_image(testing::draw(1, 1, [](int, int) { return Pixel{255, 0, 51}; }), preprocess);
  ASSERT_TRUE(tensor.ok());
  const std::vector<float> expected{1, -1, (0.2F - 0.25F) / 0.125F};
  for (size_t i = 0; i < 3; ++i) EXPECT_FLOAT_EQ(values(*tensor)[i], expected[i]) << "channel " << i;
}

TEST(Preprocess, WeighsColoursForGreyAsPillowDoes) {
  struct Case {
    Pixel rgb;
    float grey;
  };
  constexpr Case kCases[] = {{{255, 0, 0}, 76}, {{0, 255, 0}, 150}, {{0, 0, 255}, 29},   {{255, 255, 255}, 255},
                             {{0, 0, 0}, 0},    {{7, 7, 7}, 7},     {{10, 200, 30}, 124}};
  for (const Case& test : kCases) {
    const Result<Tensor> tensor = preprocess_image(testing::draw(1, 1, [&](int, int) { return test.rgb; }), plain(1));
    ASSERT_TRUE(tensor.ok());
    EXPECT_EQ(values(*tensor), std::vector<float>{test.grey}) << ::testing::PrintToString(test.rgb);
  }
}

TEST(Preprocess, ScalesTheShorterEdgeAndCutsTheLonger) {
  struct Case {
    int width;
    int height;
    int edge;
    const char* shape;
  };
  constexpr Case kCases[] = {{16, 24, 8, "float32[1, 3, 12, 8]"},  {24, 16, 8, "float32[1, 3, 8, 12]"},
                             {16, 16, 8, "float32[1, 3, 8, 8]"},   {3, 5, 7, "float32[1, 3, 11, 7]"},
                             {5, 3, 7, "float32[1, 3, 7, 11]"},    {1, 1, 9, "float32[1, 3, 9, 9]"},
                             {1, 100, 2, "float32[1, 3, 200, 2]"}, {640, 427, 20, "float32[1, 3, 20, 29]"}};
  for (const Case& test : kCases) {
    ImagePreprocess preprocess = plain();
    preprocess.resize = Resize::kShortestEdge;
    preprocess.resize_height = preprocess.resize_width = test.edge;
    const Result<Image> image = make_image(test.width, test.height);
    const Result<Tensor> tensor = preprocess_image(*image, preprocess);
    ASSERT_TRUE(tensor.ok()) << tensor.status().message();
    EXPECT_EQ(describe(*tensor), test.shape) << test.width << "x" << test.height;
  }
}

TEST(Preprocess, ScalesToAnExactSize) {
  ImagePreprocess preprocess = plain();
  preprocess.resize = Resize::kExact;
  preprocess.resize_height = 2;
  preprocess.resize_width = 5;
  const Result<Tensor> tensor = preprocess_image(testing::ramp(), preprocess);
  ASSERT_TRUE(tensor.ok());
  EXPECT_EQ(describe(*tensor), "float32[1, 3, 2, 5]");
}

TEST(Preprocess, CropsAroundTheCentreWithBlackOutside) {
  struct Case {
    int width;  ///< Of a row of 1, 2, 3, …
    int crop;
    std::vector<float> row;
  };
  const Case cases[] = {{5, 3, {2, 3, 4}},    {5, 2, {2, 3}},          {4, 3, {1, 2, 3}},
                        {4, 1, {2}},          {3, 3, {1, 2, 3}},       {3, 5, {0, 1, 2, 3, 0}},
                        {3, 4, {0, 1, 2, 3}}, {2, 5, {0, 0, 1, 2, 0}}, {1, 4, {0, 0, 1, 0}}};
  for (const Case& test : cases) {
    const auto numbered = [](int place, int) { return Pixel{place + 1, place + 1, place + 1}; };
    ImagePreprocess preprocess = plain(1);
    preprocess.crop_width = test.crop;
    preprocess.crop_height = 1;
    const Result<Tensor> lying = preprocess_image(testing::draw(test.width, 1, numbered), preprocess);
    std::swap(preprocess.crop_width, preprocess.crop_height);
    const Result<Tensor> upright =
        preprocess_image(testing::draw(1, test.width, [&](int x, int y) { return numbered(y, x); }), preprocess);
    ASSERT_TRUE(lying.ok() && upright.ok());
    EXPECT_EQ(values(*lying), test.row) << test.width << " to " << test.crop;
    EXPECT_EQ(values(*upright), test.row) << test.width << " to " << test.crop;
  }
}

TEST(Preprocess, RefusesSizesBeyondTheLimitsBeforeTakingMemory) {
  ImagePreprocess edge = plain();
  edge.resize = Resize::kShortestEdge;
  edge.resize_height = edge.resize_width = 65536;
  ImagePreprocess crop = plain();
  crop.crop_height = crop.crop_width = 65536;
  struct Case {
    int width;
    int height;
    const ImagePreprocess& preprocess;
    const char* message;
  };
  const Case cases[] = {{1, 32768, edge, "a picture of 65536x2147483648 is too large"},
                        {32768, 1, edge, "a picture of 2147483648x65536 is too large"},
                        {1, 1, crop, "a picture of 65536x65536 is too large"}};
  for (const Case& test : cases) {
    const Result<Tensor> tensor = preprocess_image(*make_image(test.width, test.height), test.preprocess);
    ASSERT_FALSE(tensor.ok());
    EXPECT_EQ(tensor.status().code(), StatusCode::kInvalidFile);
    EXPECT_EQ(tensor.status().message().find(test.message), 0U) << tensor.status().message();
  }
}

TEST(StackImages, JoinsPicturesOfOneShape) {
  const auto filled = [](int value, int width) {
    return *preprocess_image(testing::draw(width, 1, [&](int, int) { return Pixel{value, value, value}; }), plain(1));
  };
  const Tensor pictures[] = {filled(1, 2), filled(2, 2), filled(3, 2)};
  const Result<Tensor> batch = stack_images(pictures);
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(describe(*batch), "float32[3, 1, 1, 2]");
  EXPECT_EQ(values(*batch), (std::vector<float>{1, 1, 2, 2, 3, 3}));

  const Tensor different[] = {filled(1, 2), filled(2, 3)};
  EXPECT_EQ(stack_images(different).status().message(),
            "pictures of shapes [1, 1, 1, 2] and [1, 1, 1, 3] do not go into one batch");
  EXPECT_EQ(stack_images({}).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace hearth
