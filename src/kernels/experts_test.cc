#include "kernels/experts.h"

#include "kernels/cpu/block_test_support.h"
#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

struct ExpertsCase {
  Tensor x;
  Tensor experts;
  ExpertWeights weights;
  Tensor bias;
};

/// Matrices of `count` experts in blocks.
Tensor draw_blocks(Draw& draw, BlockFormat format, int64_t count, int64_t rows, int64_t depth) {
  Tensor all;
  for (int64_t e = 0; e < count; ++e) {
    const Tensor one = draw_block_weights(draw, format, rows, depth).data;
    if (!all.defined()) all = *Tensor::empty(DType::kUInt8, std::array{count, one.size(0), one.size(1), one.size(2)});
    std::memcpy(all.data_as<std::byte>() + static_cast<size_t>(e) * one.byte_count(), one.data(), one.byte_count());
  }
  return all;
}

ExpertsCase draw_case(Draw& draw) {
  const int64_t tokens = draw.from({0, 1, 2, 7, 40});
  const int64_t experts_of_token = draw.from({1, 2, 4});
  const int64_t count = draw.from({1, 3, 8});
  const int64_t depth = draw.from({1, 31, 64, 200});
  const int64_t columns = draw.from({1, 16, 33, 64});
  ExpertsCase c;
  c.x = draw.chance(0.5) ? draw.any_order({tokens, depth}) : draw.any_order({tokens, experts_of_token, depth});
  c.experts = *Tensor::empty(draw.chance(0.5) ? DType::kInt64 : DType::kInt32, std::array{tokens, experts_of_token});
  for (int64_t i = 0; i < c.experts.element_count(); ++i) {
    // The last expert gets nothing where there are others.
    const int64_t expert = count == 1 ? 0 : draw.from({0, 1, 2, 3, 4, 5, 6}) % (count - 1);
    if (c.experts.dtype() == DType::kInt64) {
      c.experts.data_as<int64_t>()[i] = expert;
    } else {
      c.experts.data_as<int32_t>()[i] = static_cast<int32_t>(expert);
    }
  }
  c.weights.columns = columns;
  if (draw.chance(0.5)) {
    c.weights.format = kBlockFormatsOfTests[draw.from({0, 1, 2})];
    c.weights.data = draw_blocks(draw, *c.weights.format, count, columns, depth);
  } else {
    c.weights.data = draw.perhaps_constant(draw.any_order({count, columns, depth}));
  }
  if (draw.chance(0.5)) c.bias = draw.tensor({count, columns});
  return c;
}

TEST(Experts, AnswerAsTheReferenceDoes) {
  for_each_path([](const KernelContext& context, uint32_t first_seed) {
    for (uint32_t seed = first_seed; seed < first_seed + 40; ++seed) {
      SCOPED_TRACE(seed);
      Draw draw(seed);
      const ExpertsCase c = draw_case(draw);
      const auto y = experts_linear(context, c.x, c.experts, c.weights, c.bias);
      ASSERT_TRUE(y.ok()) << y.status().message();
      const auto expected = reference::experts_linear(context, c.x, c.experts, c.weights, c.bias);
      ASSERT_TRUE(expected.ok()) << expected.status().message();
      expect_close(*y, *expected, c.x.size(c.x.rank() - 1));
    }
  });
}

TEST(Experts, RoundHalvesAtTheEnd) {
  for_each_path([](const KernelContext& context, uint32_t first_seed) {
    for (const HalfPrecision& half : kHalfPrecisions) {
      for (uint32_t seed = first_seed; seed < first_seed + 6; ++seed) {
        Draw draw(seed);
        ExpertsCase c = draw_case(draw);
        c.x = in_dtype(c.x, half.dtype);
        if (!c.weights.format) c.weights.data = in_dtype(c.weights.data, half.dtype);
        const auto y = experts_linear(context, c.x, c.experts, c.weights, c.bias);
        ASSERT_TRUE(y.ok()) << y.status().message();
        ASSERT_EQ(y->dtype(), half.dtype);
        c.x = in_dtype(c.x, DType::kFloat32);
        if (!c.weights.format) c.weights.data = in_dtype(c.weights.data, DType::kFloat32);
        const Tensor expected = *experts_linear(context, c.x, c.experts, c.weights, c.bias);
        expect_close(in_dtype(*y, DType::kFloat32), expected, c.x.size(c.x.rank() - 1), half.rounding);
      }
    }
  });
}

class ExpertsOfTwo : public testing::Test {
 protected:
  /// The identity, and an exchange of columns.
  const ExpertWeights weights_{tensor<float>({2, 2, 2}, {1, 0, 0, 1, 0, 1, 1, 0}), {}, 2};
  const Tensor bias_ = tensor<float>({2, 2}, {0, 0, 10, 20});
  const Tensor experts_ = tensor<int64_t>({2, 2}, {0, 1, 1, 1});
  const Tensor x_ = tensor<float>({2, 2}, {1, 2, 3, 4});
  TestContext team_{2};
  KernelContext context_ = team_.get();
};

TEST_F(ExpertsOfTwo, MultiplyTheRowsThatGoToThem) {
  expect_tensor<float>(experts_linear(context_, x_, experts_, weights_, bias_), {2, 2, 2},
                       {1, 2, 12, 21, 14, 23, 14, 23});
  expect_tensor<float>(
      experts_linear(context_, tensor<float>({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}), experts_, weights_, Tensor()),
      {2, 2, 2}, {1, 2, 4, 3, 6, 5, 8, 7});
}

TEST_F(ExpertsOfTwo, WhatDoesNotFitIsRefused) {
  const auto refused = [&](const Tensor& x, const Tensor& experts, const ExpertWeights& weights, const Tensor& bias,
                           const char* word) {
    SCOPED_TRACE(word);
    expect_refused(experts_linear(context_, x, experts, weights, bias), word);
    expect_refused(reference::experts_linear(context_, x, experts, weights, bias), word);
  };
  refused(x_, tensor<int64_t>({2, 2}, {0, 1, 2, 1}), weights_, bias_, "no expert 2");
  refused(x_, tensor<int64_t>({2, 2}, {0, 1, -1, 1}), weights_, bias_, "no expert -1");
  refused(x_, tensor<float>({2, 2}, {0, 1, 1, 1}), weights_, bias_, "experts is");
  refused(x_, tensor<int64_t>({4}, {0, 1, 1, 1}), weights_, bias_, "experts is");
  refused(tensor<float>({1, 2}, {1, 2}), experts_, weights_, bias_, "does not fit experts");
  refused(tensor<float>({2, 1, 2}, {1, 2, 3, 4}), experts_, weights_, bias_, "does not fit experts");
  refused(tensor<float>({2, 1}, {1, 2}), experts_, weights_, bias_, "weight");
  refused(x_, experts_, {x_, {}, 2}, bias_, "matrix for each expert");
  refused(x_, experts_, {weights_.data, BlockFormat::kNibbles, 2}, bias_, "matrix for each expert");
  refused(x_, experts_, {*Tensor::empty(DType::kUInt8, std::array<int64_t, 4>{2, 1, 1, 7}), BlockFormat::kNibbles, 2},
          bias_, "weight");
  refused(x_, experts_, {weights_.data, {}, 3}, bias_, "weight");
  refused(x_, experts_, weights_, tensor<float>({2}, {0, 0}), "bias");
}

}  // namespace
}  // namespace hearth
