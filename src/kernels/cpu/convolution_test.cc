#include "kernels/convolution.h"

#include <array>
#include <atomic>
#include <cstring>
#include <limits>
#include <thread>

#include "base/errors.h"
#include "kernels/convolution_shape.h"
#include "kernels/cpu/kernel_test_support.h"

namespace hearth {
namespace {

/// A convolution's operands and parameters, which point into it.
struct Case {
  Tensor x, weight, bias, residual;
  std::vector<int64_t> stride, padding, dilation, output_padding;
  bool transposed = false;
  int64_t groups = 1;
  Activation activation = Activation::kNone;

  ConvolutionParameters parameters() const {
    return {stride, padding, dilation, transposed, output_padding, groups, activation};
  }
  Result<Tensor> run(const KernelContext& context) const {
    return convolution(context, x, weight, bias, residual, parameters());
  }
  Result<Tensor> expected(const KernelContext& context) const {
    return reference::convolution(context, x, weight, bias, residual, parameters());
  }
  int64_t depth() const { return weight.element_count() / std::max<int64_t>(weight.size(0), 1); }
  std::string text() const {
    return fmt::format("x {} by {}, weight {} by {}, stride {}, padding {}, dilation {}, transposed {}, groups {}",
                       describe(x), fmt::join(x.strides(), " "), describe(weight), fmt::join(weight.strides(), " "),
                       fmt::join(stride, " "), fmt::join(padding, " "), fmt::join(dilation, " "), transposed, groups);
  }
};

Tensor draw_images(Draw& draw, const std::vector<int64_t>& shape) {
  const int64_t layout = draw.from({0, 0, 1, 1, 1, 2});
  if (layout == 0) return draw.tensor(shape);
  return layout == 1 ? draw.channels_last(shape) : draw.any_order(shape);
}

/// A case whose sizes are small, but cross every edge: of tiles, vectors, panels, kernels and padding.
Case draw_case(Draw& draw) {
  Case c;
  const auto rank = static_cast<size_t>(draw.from({1, 2, 2, 2, 2, 3}));
  const int64_t side = rank == 3 ? 5 : rank == 2 ? 11 : 40;
  c.transposed = draw.chance(0.15);
  c.groups = draw.from({1, 1, 1, 2, 3});
  int64_t in = draw.from({1, 2, 3, 5, 8, 16, 17, 33}) * c.groups;
  int64_t out = draw.from({1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 40}) * c.groups;
  if (draw.chance(0.2)) out = in = c.groups = draw.from({2, 3, 8, 16, 17, 33, 130});
  std::vector<int64_t> x_shape{draw.from({1, 1, 2, 3}), in};
  std::vector<int64_t> weight_shape = c.transposed ? std::vector{in, out / c.groups} : std::vector{out, in / c.groups};
  for (size_t i = 0; i < rank; ++i) {
    c.stride.push_back(draw.from({1, 1, 2, 3}));
    c.dilation.push_back(draw.from({1, 1, 1, 2}));
    const int64_t kernel = draw.from({1, 1, 2, 3, 3, 4, 7});
    const int64_t window = (kernel - 1) * c.dilation.back() + 1;
    c.padding.push_back(std::min<int64_t>(draw.from({0, 0, 1, 1, 2, 3}), c.transposed ? (window - 1) / 2 : 99));
    c.output_padding.push_back(c.transposed && c.stride.back() > 1 ? draw.from({0, 1}) : 0);
    const int64_t least = c.transposed ? 1 : std::max<int64_t>(window - 2 * c.padding.back(), 1);
    x_shape.push_back(std::max(least, draw.from({1, 2, side / 2, side - 1, side})));
    weight_shape.push_back(kernel);
  }
  if (!c.transposed && draw.chance(0.25)) {
    for (size_t i = 0; i < rank; ++i) c.padding.push_back(c.padding[i] + draw.from({0, 1, 2}));
  }
  c.x = draw_images(draw, x_shape);
  c.weight = draw.perhaps_constant(draw_images(draw, weight_shape));
  c.activation = draw.activation();
  if (draw.chance(0.5)) c.bias = draw.tensor({out});
  return c;
}

void draw_residual(Draw& draw, const KernelContext& context, Case& c) {
  const auto shape = convolution_shape(c.x, c.weight, c.bias, Tensor(), c.parameters());
  ASSERT_TRUE(shape.ok()) << shape.status().message();
  const auto like = empty_convolution_result(*context.pool, c.x.dtype(), c.x, c.weight, *shape);
  ASSERT_TRUE(like.ok());
  c.residual = draw_images(draw, {like->shape().begin(), like->shape().end()});
}

TEST(Convolution, MatchesTheReferenceOnRandomCases) {
  for_each_path([](const KernelContext& context, uint32_t first_seed) {
    for (uint32_t seed = first_seed; seed < first_seed + 400; ++seed) {
      Draw draw(seed);
      Case c = draw_case(draw);
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

Case in_dtype(Case c, DType dtype) {
  for (Tensor* tensor : {&c.x, &c.weight, &c.bias, &c.residual}) *tensor = in_dtype(*tensor, dtype);
  return c;
}

TEST(Convolution, RoundsHalvesOnce) {
  for_each_path([](const KernelContext& context, uint32_t first_seed) {
    for (uint32_t seed = first_seed; seed < first_seed + 300; ++seed) {
      Draw draw(seed);
      Case c = draw_case(draw);
      if (draw.chance(0.3)) {
        ASSERT_NO_FATAL_FAILURE(draw_residual(draw, context, c));
      }
      const auto& [dtype, rounding] = kHalfPrecisions[seed % 2];
      SCOPED_TRACE(fmt::format("seed {}, {}: {}", seed, dtype_name(dtype), c.text()));
      const Case halves = in_dtype(c, dtype);
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
      const Case wide = draw_case(draw);
      const Case c = seed % 2 == 0 ? wide : in_dtype(wide, DType::kBFloat16);
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
  std::vector<Case> cases;
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
    Case c;
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
      Case c;
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
    Case c;
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
  Case good;
  good.x = draw.tensor({1, 4, 8, 8});
  good.weight = draw.tensor({6, 4, 3, 3});
  good.stride = good.dilation = {1};
  good.padding = {0};
  ASSERT_TRUE(good.run(context.get()).ok());
  const Tensor integers = *Tensor::empty(DType::kInt32, std::array<int64_t, 1>{6});
  const std::array<std::pair<const char*, void (*)(Case&, Draw&, const Tensor&)>, 13> changes{{
      {"x is undefined", [](Case& c, Draw&, const Tensor&) { c.x = Tensor(); }},
      {"x is", [](Case& c, Draw& d, const Tensor&) { c.x = d.tensor({4, 8}); }},
      {"weight is", [](Case& c, Draw& d, const Tensor&) { c.weight = d.tensor({6, 5, 3, 3}); }},
      {"weight is", [](Case& c, Draw& d, const Tensor&) { c.weight = d.tensor({6, 4, 3}); }},
      {"weight is", [](Case& c, Draw&, const Tensor& i) { c.weight = i; }},
      {"bias is", [](Case& c, Draw& d, const Tensor&) { c.bias = d.tensor({5}); }},
      {"bias is", [](Case& c, Draw&, const Tensor& i) { c.bias = i; }},
      {"residual is", [](Case& c, Draw& d, const Tensor&) { c.residual = d.tensor({1, 6, 6, 5}); }},
      {"stride is", [](Case& c, Draw&, const Tensor&) { c.stride = {0}; }},
      {"dilation has 3 values", [](Case& c, Draw&, const Tensor&) { c.dilation = {1, 1, 1}; }},
      {"padding is", [](Case& c, Draw&, const Tensor&) { c.padding = {-1}; }},
      {"groups do not divide", [](Case& c, Draw&, const Tensor&) { c.groups = 3; }},
      {"does not fit x's size", [](Case& c, Draw&, const Tensor&) { c.dilation = {4}; }},
  }};
  for (const auto& [message, change] : changes) {
    Case bad = good;
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
