#include "kernels/cpu/winograd.h"

#include "kernels/cpu/convolution_test_support.h"

namespace hearth {
namespace {

struct Sizes {
  int64_t batch, in, out, height, width;
  std::array<int64_t, 4> padding;  ///< Above, left, below, right.
};

// Whole tiles and cut ones, channels that fill no vector, images enough for several blocks.
constexpr std::array kSizes{
    Sizes{1, 32, 32, 16, 8, {1, 1, 1, 1}},  Sizes{2, 64, 40, 9, 17, {1, 1, 1, 1}},
    Sizes{1, 34, 33, 15, 13, {0, 0, 0, 0}}, Sizes{1, 48, 50, 12, 15, {2, 1, 2, 1}},
    Sizes{3, 32, 64, 7, 7, {1, 1, 1, 1}},   Sizes{1, 50, 32, 15, 12, {0, 1, 1, 2}},
    Sizes{1, 33, 47, 12, 12, {1, 1, 1, 1}}, Sizes{1, 32, 500, 16, 17, {1, 1, 1, 1}},
};

ConvolutionCase draw_case(Draw& draw, const Sizes& sizes) {
  ConvolutionCase c;
  c.stride = c.dilation = {1};
  c.padding.assign(sizes.padding.begin(), sizes.padding.end());
  const Tensor weight = draw.any_order({sizes.out, sizes.in, 3, 3});
  c.weight = *Tensor::view(ConstantStorage::copy_of(weight), weight.dtype(), weight.shape(), weight.strides(),
                           weight.offset());
  c.x = draw_images(draw, {sizes.batch, sizes.in, sizes.height, sizes.width});
  if (draw.chance(0.5)) c.bias = draw.tensor({sizes.out});
  c.activation = draw.activation();
  return c;
}

/// The mean and the largest error, relative to what sums of `depth` products are on average.
void expect_errors_below(double mean, double largest, const Tensor& actual, const Tensor& expected, int64_t depth) {
  const std::vector<float> a = elements(actual);
  const std::vector<float> e = elements(expected);
  ASSERT_EQ(a.size(), e.size());
  const double unit = std::sqrt(static_cast<double>(depth)) / 3;  // Factors between -1 and 1.
  double squares = 0;
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double error = std::abs(a[i] - e[i]) / unit;
    squares += error * error;
    most = std::max(most, error);
  }
  EXPECT_LE(std::sqrt(squares / static_cast<double>(a.size())), mean);
  EXPECT_LE(most, largest);
}

TEST(Winograd, MatchesTheReferenceInFloat32) {
  for_each_path([](const KernelContext& context, uint32_t seed) {
    for (const Sizes& sizes : kSizes) {
      Draw draw(++seed);
      ConvolutionCase c = draw_case(draw, sizes);
      ASSERT_NO_FATAL_FAILURE(draw_residual(draw, context, c));
      SCOPED_TRACE(c.text());
      ASSERT_TRUE(suits_winograd(micro_kernels(), *convolution_shape(c.x, c.weight, c.parameters()), c.weight));
      ASSERT_NO_FATAL_FAILURE(expect_errors_below(2e-6, 2e-5, *c.run(context), *c.expected(context), c.depth()));
    }
  });
}

// Rounding the outputs alone makes a mean error of 0.0016.
TEST(Winograd, RoundsBFloat16TransformsOnceMore) {
  for_each_path([](const KernelContext& context, uint32_t seed) {
    const TileKernels* kernels = micro_kernels().bfloat16;
    if (!kernels) return;
    for (const Sizes& sizes : kSizes) {
      Draw draw(++seed);
      ConvolutionCase wide = draw_case(draw, sizes);
      if (draw.chance(0.5)) {
        ASSERT_NO_FATAL_FAILURE(draw_residual(draw, context, wide));
      }
      const ConvolutionCase c = in_dtype(wide, DType::kBFloat16);
      SCOPED_TRACE(c.text());
      const auto shape = convolution_shape(c.x, c.weight, c.parameters());
      EXPECT_EQ(suits_winograd(*kernels, *shape, c.weight), kernels->depth_step == 1);
      const Tensor actual = in_dtype(*c.run(context), DType::kFloat32);
      const Tensor expected = *in_dtype(c, DType::kFloat32).expected(context);
      ASSERT_NO_FATAL_FAILURE(expect_errors_below(0.007, 0.05, actual, expected, c.depth()));
      EXPECT_EQ(elements(actual), elements(in_dtype(*c.run(TestContext(1).get()), DType::kFloat32)));
    }
  });
}

}  // namespace
}  // namespace hearth
