#include "kernels/linear.h"

#include <array>
#include <cstring>
#include <limits>

#include "base/errors.h"
#include "kernels/cpu/kernel_test_support.h"
#include "kernels/cpu/matmul_test_support.h"

namespace hearth {
namespace {

/// Sizes on either side of every tile, vector and panel.
int64_t draw_size(Draw& draw) {
  return draw.from({1, 1, 2, 3, 5, 7, 8, 14, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100});
}

int64_t draw_depth(Draw& draw) { return draw.from({0, 1, 2, 3, 5, 7, 8, 16, 17, 33, 64, 100, 257, 512, 1025}); }

struct LinearCase {
  Tensor x, weight, bias, residual;
  Activation activation = Activation::kNone;
};

LinearCase draw_linear(Draw& draw) {
  LinearCase c;
  const int64_t rows = draw_size(draw), columns = draw_size(draw), depth = draw_depth(draw);
  std::vector<int64_t> leading;
  for (int64_t i = draw.from({0, 1, 1, 2, 3}); i > 0; --i) leading.push_back(i == 1 ? rows : draw.from({1, 2}));
  std::vector<int64_t> x_shape = leading, y_shape = leading;
  x_shape.push_back(depth);
  y_shape.push_back(columns);
  c.x = draw.chance(0.7) ? draw.tensor(x_shape) : draw.any_order(x_shape);
  c.weight = draw.perhaps_constant(draw.any_order({columns, depth}));
  if (draw.chance(0.5)) c.bias = draw.tensor({columns});
  if (draw.chance(0.3)) c.residual = draw.any_order(y_shape);
  c.activation = draw.activation();
  return c;
}

TEST(Linear, MatchesTheReferenceOnRandomCases) {
  for_each_path([](const KernelContext& context, uint32_t first_seed) {
    for (uint32_t seed = first_seed; seed < first_seed + 400; ++seed) {
      Draw draw(seed);
      const LinearCase c = draw_linear(draw);
      SCOPED_TRACE(fmt::format("seed {}: x {} by {}, weight {} by {}", seed, describe(c.x),
                               fmt::join(c.x.strides(), " "), describe(c.weight), fmt::join(c.weight.strides(), " ")));
      const auto expected = reference::linear(context, c.x, c.weight, c.bias, c.residual, c.activation);
      ASSERT_TRUE(expected.ok()) << expected.status().message();
      const auto actual = linear(context, c.x, c.weight, c.bias, c.residual, c.activation);
      ASSERT_TRUE(actual.ok()) << actual.status().message();
      ASSERT_NO_FATAL_FAILURE(expect_close(*actual, *expected, c.weight.size(1)));
    }
  });
}

TEST(Linear, RoundsHalvesOnce) {
  for_each_path([](const KernelContext& context, uint32_t first_seed) {
    for (uint32_t seed = first_seed; seed < first_seed + 200; ++seed) {
      Draw draw(seed);
      const LinearCase c = draw_linear(draw);
      const auto& [dtype, rounding] = kHalfPrecisions[seed % 2];
      SCOPED_TRACE(
          fmt::format("seed {}, {}: x {}, weight {}", seed, dtype_name(dtype), describe(c.x), describe(c.weight)));
      const auto expected = reference::linear(context, rounded_to(c.x, dtype), rounded_to(c.weight, dtype),
                                              rounded_to(c.bias, dtype), rounded_to(c.residual, dtype), c.activation);
      ASSERT_TRUE(expected.ok()) << expected.status().message();
      const auto actual = linear(context, in_dtype(c.x, dtype), in_dtype(c.weight, dtype), in_dtype(c.bias, dtype),
                                 in_dtype(c.residual, dtype), c.activation);
      ASSERT_TRUE(actual.ok()) << actual.status().message();
      ASSERT_EQ(actual->dtype(), dtype);
      ASSERT_NO_FATAL_FAILURE(expect_close(in_dtype(*actual, DType::kFloat32), *expected, c.weight.size(1), rounding));
    }
  });
}

TEST(Linear, GivesTheSameBitsWhateverTheTeam) {
  for (const MicroKernels& kernels : available_micro_kernels()) {
    const ScopedMicroKernels scope(kernels);
    TestContext one(1), two(2), three(3);
    for (uint32_t seed = 1000; seed < 1100; ++seed) {
      Draw draw(seed);
      const LinearCase c = draw_linear(draw);
      const auto expected = elements(*linear(one.get(), c.x, c.weight, c.bias, c.residual, c.activation));
      const auto brain = [&](TestContext& team) {
        constexpr DType kBrain = DType::kBFloat16;
        return elements(in_dtype(*linear(team.get(), in_dtype(c.x, kBrain), in_dtype(c.weight, kBrain),
                                         in_dtype(c.bias, kBrain), in_dtype(c.residual, kBrain), c.activation),
                                 DType::kFloat32));
      };
      const auto expected_brain = brain(one);
      for (TestContext* team : {&two, &three}) {
        ASSERT_EQ(brain(*team), expected_brain) << "seed " << seed;
        const auto actual = elements(*linear(team->get(), c.x, c.weight, c.bias, c.residual, c.activation));
        ASSERT_EQ(actual.size(), expected.size());
        ASSERT_EQ(std::memcmp(actual.data(), expected.data(), actual.size() * sizeof(float)), 0) << "seed " << seed;
      }
    }
  }
}

TEST(Linear, LetsNanAndInfinityThrough) {
  for_each_path([](const KernelContext& context, uint32_t) {
    Draw draw(3);
    const Tensor x = draw.tensor({9, 40});
    const Tensor weight = draw.tensor({37, 40});
    x.data_as<float>()[3 * x.stride(0)] = std::numeric_limits<float>::quiet_NaN();
    x.data_as<float>()[5 * x.stride(0)] = std::numeric_limits<float>::infinity();
    for (int i = 0; i <= static_cast<int>(Activation::kHardswish); ++i) {
      const auto activation = static_cast<Activation>(i);
      SCOPED_TRACE(i);
      ASSERT_NO_FATAL_FAILURE(expect_close(*linear(context, x, weight, Tensor(), Tensor(), activation),
                                           *reference::linear(context, x, weight, Tensor(), Tensor(), activation), 40));
    }
  });
}

TEST(Linear, NamesTheOperandThatDoesNotFit) {
  TestContext context(1);
  Draw draw(4);
  const Tensor x = draw.tensor({2, 3, 5}), weight = draw.tensor({7, 5}), none;
  const Tensor integers = *Tensor::empty(DType::kInt64, std::array<int64_t, 2>{7, 5});
  struct Bad {
    const char* message;
    Tensor x, weight, bias, residual;
  };
  const std::array<Bad, 8> cases{{
      {"x is undefined", none, weight, none, none},
      {"x is a single number", draw.tensor({}), weight, none, none},
      {"weight is int64[7, 5]", x, integers, none, none},
      {"weight is float32[5]", x, draw.tensor({5}), none, none},
      {"weight is float32[7, 4]", x, draw.tensor({7, 4}), none, none},
      {"bias is float32[6]", x, weight, draw.tensor({6}), none},
      {"bias is float32[7, 1]", x, weight, draw.tensor({7, 1}), none},
      {"residual is float32[2, 3, 5]", x, weight, none, draw.tensor({2, 3, 5})},
  }};
  for (const Bad& bad : cases) {
    const auto y = linear(context.get(), bad.x, bad.weight, bad.bias, bad.residual, Activation::kNone);
    ASSERT_FALSE(y.ok()) << bad.message;
    EXPECT_EQ(y.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(y.status().message().find(bad.message), std::string::npos) << y.status().message();
  }
}

MatmulCase draw_matmul(Draw& draw, bool batched) {
  MatmulCase c;
  const int64_t rows = draw_size(draw), columns = draw_size(draw), depth = draw_depth(draw);
  std::vector<int64_t> a{rows, depth}, b{depth, columns}, out{rows, columns};
  if (batched) {
    const int64_t batches = draw.from({1, 2, 3, 5});
    for (auto* shape : {&a, &b, &out}) shape->insert(shape->begin(), batches);
  }
  c.a = draw.any_order(a);
  c.b = draw.perhaps_constant(draw.any_order(b));
  c.out = draw.chance(0.7) ? draw.tensor(out) : draw.any_order(out);
  c.beta = static_cast<double>(draw.from({0, 0, 1, 1, 2}));
  c.alpha = draw.chance(0.7) ? 1 : -0.5;
  if (c.beta != 0) c.self = draw_self(draw, out);
  if (c.beta != 0 && draw.chance(0.2)) c.self = c.out;
  return c;
}

Tensor copy_of(const Tensor& tensor) {
  const Tensor copy = *Tensor::empty_strided(tensor.dtype(), tensor.shape(), tensor.strides());
  const size_t bytes = std::min(copy.storage()->size(), tensor.storage()->size());
  std::memcpy(copy.data(), tensor.data(), bytes);
  return copy;
}

void expect_matmul_matches(const KernelContext& context, const MatmulCase& c, bool batched) {
  const Tensor expected = copy_of(c.out);
  const Tensor& self = c.self.data() == c.out.data() ? expected : c.self;
  const auto slow = batched ? reference::batched_matmul : reference::matmul;
  const auto fast = batched ? batched_matmul : matmul;
  const Status reference_status = slow(context, expected, self, c.a, c.b, c.beta, c.alpha);
  ASSERT_TRUE(reference_status.ok()) << reference_status.message();
  const Status status = fast(context, c.out, c.self, c.a, c.b, c.beta, c.alpha);
  ASSERT_TRUE(status.ok()) << status.message();
  expect_close(c.out, expected, c.a.size(c.a.rank() - 1));
}

TEST(Matmul, MatchesTheReferenceOnRandomCases) {
  for_each_path([](const KernelContext& context, uint32_t first_seed) {
    for (uint32_t seed = first_seed; seed < first_seed + 600; ++seed) {
      Draw draw(seed);
      const bool batched = seed % 3 == 0;
      const MatmulCase c = draw_matmul(draw, batched);
      SCOPED_TRACE(fmt::format("seed {}: out {} by {}, a by {}, b {} by {}, self {} by {}, beta {}, alpha {}", seed,
                               describe(c.out), fmt::join(c.out.strides(), " "), fmt::join(c.a.strides(), " "),
                               describe(c.b), fmt::join(c.b.strides(), " "), describe(c.self),
                               fmt::join(c.self.strides(), " "), c.beta, c.alpha));
      ASSERT_NO_FATAL_FAILURE(expect_matmul_matches(context, c, batched));
    }
  });
}

TEST(Matmul, RoundsHalvesOnce) {
  for_each_path([](const KernelContext& context, uint32_t first_seed) {
    for (uint32_t seed = first_seed; seed < first_seed + 300; ++seed) {
      Draw draw(seed);
      const bool batched = seed % 3 == 0;
      MatmulCase c = draw_matmul(draw, batched);
      const auto& [dtype, rounding] = kHalfPrecisions[seed % 2];
      SCOPED_TRACE(fmt::format("seed {}, {}: out {}, a {}, b {}, self {}, beta {}, alpha {}", seed, dtype_name(dtype),
                               describe(c.out), describe(c.a), describe(c.b), describe(c.self), c.beta, c.alpha));
      const bool in_place = c.self.data() == c.out.data();
      const Tensor out = in_dtype(c.out, dtype);
      const Tensor self = in_place ? out : in_dtype(c.self, dtype);
      const Tensor wide_out = in_dtype(out, DType::kFloat32);
      const Tensor wide_self = in_place ? wide_out : in_dtype(self, DType::kFloat32);
      const auto slow = batched ? reference::batched_matmul : reference::matmul;
      const auto fast = batched ? batched_matmul : matmul;
      ASSERT_TRUE(
          slow(context, wide_out, wide_self, rounded_to(c.a, dtype), rounded_to(c.b, dtype), c.beta, c.alpha).ok());
      const Status status = fast(context, out, self, in_dtype(c.a, dtype), in_dtype(c.b, dtype), c.beta, c.alpha);
      ASSERT_TRUE(status.ok()) << status.message();
      ASSERT_NO_FATAL_FAILURE(
          expect_close(in_dtype(out, DType::kFloat32), wide_out, c.a.size(c.a.rank() - 1), rounding));
    }
  });
}

TEST(Matmul, LeavesAnUnusedSelfUnread) {
  for_each_path([](const KernelContext& context, uint32_t) {
    Draw draw(5);
    MatmulCase c;
    c.a = draw.tensor({20, 30});
    c.b = draw.tensor({30, 40});
    c.out = draw.tensor({20, 40});
    std::fill_n(c.out.data_as<float>(), 800, std::numeric_limits<float>::quiet_NaN());
    c.self = c.out;
    ASSERT_NO_FATAL_FAILURE(expect_matmul_matches(context, c, false));
    for (const float value : elements(c.out)) ASSERT_FALSE(std::isnan(value));
  });
}

TEST(Matmul, ReadsTransposedAndBroadcastOperandsInPlace) {
  for_each_path([](const KernelContext& context, uint32_t) {
    Draw draw(6);
    MatmulCase c;
    const Tensor weight = draw.perhaps_constant(draw.tensor({70, 50}, {0, 1}));
    c.b = *Tensor::view(weight.storage(), DType::kFloat32, std::array<int64_t, 2>{50, 70},
                        std::array<int64_t, 2>{1, weight.stride(0)}, 0);
    const Tensor row = draw.tensor({1, 50});
    c.a =
        *Tensor::view(row.storage(), DType::kFloat32, std::array<int64_t, 2>{33, 50}, std::array<int64_t, 2>{0, 1}, 0);
    const Tensor bias = draw.tensor({70});
    c.self =
        *Tensor::view(bias.storage(), DType::kFloat32, std::array<int64_t, 2>{33, 70}, std::array<int64_t, 2>{0, 1}, 0);
    c.out = draw.tensor({33, 70});
    c.beta = 1;
    ASSERT_NO_FATAL_FAILURE(expect_matmul_matches(context, c, false));
  });
}

TEST(Matmul, NamesTheOperandThatDoesNotFit) {
  TestContext context(1);
  Draw draw(7);
  const Tensor out = draw.tensor({4, 6}), a = draw.tensor({4, 5}), b = draw.tensor({5, 6}), none;
  const Tensor halves = *Tensor::empty(DType::kFloat16, std::array<int64_t, 2>{5, 6});
  struct Bad {
    const char* message;
    Tensor out, self, a, b;
    double beta;
  };
  const std::array<Bad, 8> cases{{
      {"out is undefined", none, none, a, b, 0},
      {"a is float32[4]", out, none, draw.tensor({4}), b, 0},
      {"b is float16[5, 6]", out, none, a, halves, 0},
      {"b is float32[4, 6]", out, none, a, draw.tensor({4, 6}), 0},
      {"out is float32[4, 5]", draw.tensor({4, 5}), none, a, b, 0},
      {"self is undefined", out, none, a, b, 1},
      {"self float32[3, 6] does not broadcast", out, draw.tensor({3, 6}), a, b, 1},
      {"self float32[1, 4, 6] has more dimensions", out, draw.tensor({1, 4, 6}), a, b, 1},
  }};
  for (const Bad& bad : cases) {
    const Status status = matmul(context.get(), bad.out, bad.self, bad.a, bad.b, bad.beta, 1);
    ASSERT_FALSE(status.ok()) << bad.message;
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find(bad.message), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace hearth
