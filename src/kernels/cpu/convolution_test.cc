#include <array>
#include <atomic>
#include <cstring>
#include <limits>
#include <thread>

#include "base/errors.h"
#include "kernels/cpu/convolution_test_support.h"

namespace hearth {
namespace {

TEST(Convolution, MatchesTheReferenceOnRandomCases) {
  for_each_path([](const KernelContext& context, uint32_t first_seed) {
    for (uint32_t seed = first_seed; seed < first_seed + 400; ++seed) {
      Draw draw(seed);
      ConvolutionCase c = draw_case(draw);
      if (draw.chance(0.3)) {
        ASSERT_NO_FATAL_FAILURE(draw_residual(draw, context, c));
      }
      SCOPED_TRACE(fmt::format("seed {}: {}", seed, c.text()));
      const auto expected = c.expected(context);
      ASSERT_TRUE(expected.ok()) << expected.status().message();
      const auto actual = c.run(context);
      ASSERT_TRUE(actual.ok()) << actual.status().message();
      ASSERT_NO_FATAL_FAILURE(expect_close(*actual, *expected, c.depth()));
    }
  });
}

TEST(Convolution, RoundsHalvesOnce) {
  for_each_path([](const KernelContext& context, uint32_t first_seed) {
    for (uint32_t seed = first_seed; seed < first_seed + 300; ++seed) {
      Draw draw(seed);
      ConvolutionCase c = draw_case(draw);
      if (draw.chance(0.3)) {
        ASSERT_NO_FATAL_FAILURE(draw_residual(draw, context, c));
      }
      const auto& [dtype, rounding] = kHalfPrecisions[seed % 2];
      SCOPED_TRACE(fmt::format("seed {}, {}: {}", seed, dtype_name(dtype), c.text()));
      const ConvolutionCase halves = in_dtype(c, dtype);
      const auto expected = in_dtype(halves, DType::kFloat32).expected(context);
      ASSERT_TRUE(expected.ok()) << expected.status().message();
      const auto actual = halves.run(context);
      ASSERT_TRUE(actual.ok()) << actual.status().message();
      ASSERT_EQ(actual->dtype(), dtype);
      ASSERT_NO_FATAL_FAILURE(expect_close(in_dtype(*actual, DType::kFloat32), *expected, c.depth(), rounding));
    }
  });
}

TEST(Convolution, GivesTheSameBitsWhateverTheTeam) {
  for (const MicroKernels& kernels : available_micro_kernels()) {
    const ScopedMicroKernels scope(kernels);
    TestContext one(1), two(2), three(3);
    for (uint32_t seed = 1000; seed < 1060; ++seed) {
      Draw draw(seed);
      const ConvolutionCase wide = draw_case(draw);
      const ConvolutionCase c = seed % 2 == 0 ? wide : in_dtype(wide, DType::kBFloat16);
      const auto expected = c.run(one.get());
      ASSERT_TRUE(expected.ok()) << expected.status().message();
      for (TestContext* team : {&two, &three}) {
        const auto actual = c.run(team->get());
        ASSERT_TRUE(actual.ok());
        const auto a = elements(in_dtype(*actual, DType::kFloat32));
        const auto e = elements(in_dtype(*expected, DType::kFloat32));
        ASSERT_EQ(a.size(), e.size());
        ASSERT_EQ(std::memcmp(a.data(), e.data(), a.size() * sizeof(float)), 0) << "seed " << seed << c.text();
      }
    }
  }
}

// Sessions of one model share its packed weights and may share a team.
TEST(Convolution, ServesSeveralThreadsAtOnce) {
  TestContext shared(2);
  std::vector<ConvolutionCase> cases;
  std::vector<std::vector<float>> expected;
  for (uint32_t seed = 2000; seed < 2020; ++seed) {
    Draw draw(seed);
    cases.push_back(draw_case(draw));
    expected.push_back(elements(*cases.back().run(TestContext(1).get())));
  }
  std::atomic<int> wrong = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (size_t i = 0; i < cases.size(); ++i) wrong += elements(*cases[i].run(shared.get())) != expected[i] ? 1 : 0;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Convolution, SumsDepthsBeyondOneBlock) {
  for_each_path([](const KernelContext& context, uint32_t) {
    Draw draw(7);
    ConvolutionCase c;
    c.x = draw.channels_last({1, 300, 6, 6});
    c.weight = draw.perhaps_constant(draw.tensor({35, 300, 3, 3}));
    c.bias = draw.tensor({35});
    c.residual = draw.tensor({1, 35, 6, 6});
    c.stride = c.dilation = c.padding = {1};
    c.activation = Activation::kSilu;
    ASSERT_NO_FATAL_FAILURE(expect_close(*c.run(context), *c.expected(context), c.depth()));
  });
}

TEST(Convolution, LetsNanAndInfinityThrough) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for_each_path([](const KernelContext& context, uint32_t) {
    for (const int64_t groups : {1, 20}) {
      Draw draw(8);
      ConvolutionCase c;
      c.groups = groups;
      c.x = draw.channels_last({1, 20, 9, 9});
      c.weight = draw.tensor({20, 20 / groups, 3, 3});
      c.stride = c.dilation = c.padding = {1};
      for (const Activation activation : {Activation::kNone, Activation::kRelu, Activation::kRelu6}) {
        c.activation = activation;
        c.x.data_as<float>()[200] = std::numeric_limits<float>::quiet_NaN();
        c.x.data_as<float>()[900] = kInfinity;
        ASSERT_NO_FATAL_FAILURE(expect_close(*c.run(context), *c.expected(context), c.depth()));
      }
    }
  });
}

TEST(Convolution, AnswersAnEmptyBatchWithAnEmptyResult) {
  for_each_path([](const KernelContext& context, uint32_t) {
    Draw draw(9);
    ConvolutionCase c;
    c.x = draw.tensor({0, 3, 8, 8});
    c.weight = draw.tensor({4, 3, 3, 3});
    c.stride = c.dilation = {1};
    c.padding = {0};
    const auto y = c.run(context);
    ASSERT_TRUE(y.ok());
    EXPECT_TRUE(std::ranges::equal(y->shape(), std::array<int64_t, 4>{0, 4, 6, 6}));
  });
}

TEST(Convolution, NamesTheOperandThatDoesNotFit) {
  TestContext context(1);
  Draw draw(10);
  ConvolutionCase good;
  good.x = draw.tensor({1, 4, 8, 8});
  good.weight = draw.tensor({6, 4, 3, 3});
  good.stride = good.dilation = {1};
  good.padding = {0};
  ASSERT_TRUE(good.run(context.get()).ok());
  const Tensor integers = *Tensor::empty(DType::kInt32, std::array<int64_t, 1>{6});
  const std::array<std::pair<const char*, void (*)(ConvolutionCase&, Draw&, const Tensor&)>, 13> changes{{
      {"x is undefined", [](ConvolutionCase& c, Draw&, const Tensor&) { c.x = Tensor(); }},
      {"x is", [](ConvolutionCase& c, Draw& d, const Tensor&) { c.x = d.tensor({4, 8}); }},
      {"weight is", [](ConvolutionCase& c, Draw& d, const Tensor&) { c.weight = d.tensor({6, 5, 3, 3}); }},
      {"weight is", [](ConvolutionCase& c, Draw& d, const Tensor&) { c.weight = d.tensor({6, 4, 3}); }},
      {"weight is", [](ConvolutionCase& c, Draw&, const Tensor& i) { c.weight = i; }},
      {"bias is", [](ConvolutionCase& c, Draw& d, const Tensor&) { c.bias = d.tensor({5}); }},
      {"bias is", [](ConvolutionCase& c, Draw&, const Tensor& i) { c.bias = i; }},
      {"residual is", [](ConvolutionCase& c, Draw& d, const Tensor&) { c.residual = d.tensor({1, 6, 6, 5}); }},
      {"stride is", [](ConvolutionCase& c, Draw&, const Tensor&) { c.stride = {0}; }},
      {"dilation has 3 values", [](ConvolutionCase& c, Draw&, const Tensor&) { c.dilation = {1, 1, 1}; }},
      {"padding is", [](ConvolutionCase& c, Draw&, const Tensor&) { c.padding = {-1}; }},
      {"groups do not divide", [](ConvolutionCase& c, Draw&, const Tensor&) { c.groups = 3; }},
      {"does not fit x's size", [](ConvolutionCase& c, Draw&, const Tensor&) { c.dilation = {4}; }},
  }};
  for (const auto& [message, change] : changes) {
    ConvolutionCase bad = good;
    change(bad, draw, integers);
    const auto y = bad.run(context.get());
    ASSERT_FALSE(y.ok()) << message;
    EXPECT_EQ(y.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(y.status().message().find(message), std::string::npos) << y.status().message();
  }
}

struct StrideCase {
  std::vector<int64_t> x, x_strides, weight, weight_strides, expected;
};

// The results' strides as torch 2.13 gives them on a CPU, for layouts that leave room for doubt.
TEST(Convolution, LaysOutResultsAsPyTorchDoes) {
  const std::array<StrideCase, 8> cases{{
      {{2, 4, 5, 6}, {120, 30, 6, 1}, {3, 4, 3, 3}, {36, 9, 3, 1}, {36, 12, 4, 1}},
      {{2, 4, 5, 6}, {120, 1, 24, 4}, {3, 4, 3, 3}, {36, 9, 3, 1}, {36, 1, 12, 3}},
      {{2, 4, 5, 6}, {120, 30, 6, 1}, {3, 4, 3, 3}, {36, 1, 12, 4}, {36, 1, 12, 3}},
      {{2, 2, 33}, {66, 1, 2}, {5, 2, 1}, {2, 1, 1}, {165, 33, 1}},
      {{2, 6, 1}, {6, 1, 6}, {15, 6, 1}, {6, 1, 1}, {15, 1, 15}},
      {{1, 17, 8, 8, 5}, {5440, 1, 680, 85, 17}, {1, 17, 1, 3, 3}, {153, 1, 153, 51, 17}, {144, 144, 18, 3, 1}},
      {{2, 2, 1, 1, 1}, {2, 1, 2, 2, 2}, {2, 2, 1, 1, 1}, {2, 1, 1, 1, 1}, {2, 1, 2, 2, 2}},
      {{2, 8, 1, 1}, {8, 1, 1, 1}, {4, 8, 1, 1}, {8, 1, 1, 1}, {4, 1, 1, 1}},
  }};
  TestContext context(1);
  for (const StrideCase& c : cases) {
    const Tensor x = *Tensor::empty_strided(DType::kFloat32, c.x, c.x_strides);
    const Tensor weight = *Tensor::empty_strided(DType::kFloat32, c.weight, c.weight_strides);
    const std::array<int64_t, 1> one{1}, none{0};
    ConvolutionParameters parameters;
    parameters.stride = parameters.dilation = one;
    parameters.padding = none;
    const auto shape = convolution_shape(x, weight, Tensor(), Tensor(), parameters);
    ASSERT_TRUE(shape.ok()) << shape.status().message();
    const auto y = empty_convolution_result(*context.get().pool, x.dtype(), x, weight, *shape);
    ASSERT_TRUE(y.ok());
    EXPECT_EQ(std::vector<int64_t>(y->strides().begin(), y->strides().end()), c.expected) << describe(x);
  }
}

}  // namespace
}  // namespace hearth
