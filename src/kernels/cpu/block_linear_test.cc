#include "kernels/block_linear.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "base/errors.h"
#include "kernels/cpu/block_test_support.h"

namespace hearth {
namespace {

struct LinearCase {
  Tensor x;
  BlockWeights weight;
  Tensor bias;
  Tensor residual;
  Activation activation;

  bool is_small() const { return x.size(1) <= 256 || x.size(1) * weight.rows <= 1 << 20; }
  Result<Tensor> run(const KernelContext& context) const {
    return block_linear(context, x, weight, bias, residual, activation);
  }
};

LinearCase draw_case(Draw& draw) {
  const int64_t depth = draw.from({1, 31, 32, 63, 64, 65, 200, 512, 11000});
  const int64_t columns = draw.from({1, 15, 16, 17, 64, 100});
  const int64_t rows = draw.from({1, 2, 3, 5, 13, 33});
  const BlockFormat format = kBlockFormatsOfTests[draw.from({0, 1, 2})];
  LinearCase c{
      draw.any_order({rows, depth}), draw_block_weights(draw, format, columns, depth), {}, {}, draw.activation()};
  if (draw.chance(0.5)) c.bias = draw.tensor({columns});
  if (draw.chance(0.5)) c.residual = draw.any_order({rows, columns});
  return c;
}

TEST(BlockLinear, AnswersAsTheReferenceDoes) {
  for_each_path([](const KernelContext& context, uint32_t first_seed) {
    for (uint32_t seed = first_seed; seed < first_seed + 60; ++seed) {
      Draw draw(seed);
      const LinearCase c = draw_case(draw);
      SCOPED_TRACE(fmt::format("seed {}: {} x {}, format {}", seed, c.weight.rows, c.x.size(1),
                               static_cast<int>(c.weight.format)));
      const auto y = c.run(context);
      ASSERT_TRUE(y.ok()) << y.status().message();
      const auto expected = reference::block_linear(context, c.x, c.weight, c.bias, c.residual, c.activation);
      ASSERT_TRUE(expected.ok()) << expected.status().message();
      expect_close(*y, *expected, c.x.size(1), c.is_small() ? 0 : 5e-4);
    }
  });
}

TEST(BlockLinear, RoundsHalvesAtTheEnd) {
  for_each_path([](const KernelContext& context, uint32_t first_seed) {
    for (const DType dtype : {DType::kBFloat16, DType::kFloat16}) {
      Draw draw(first_seed);
      LinearCase c = draw_case(draw);
      c.x = in_dtype(c.x, dtype);
      if (c.residual.defined()) c.residual = in_dtype(c.residual, dtype);
      const auto y = c.run(context);
      ASSERT_TRUE(y.ok()) << y.status().message();
      ASSERT_EQ(y->dtype(), dtype);
      c.x = in_dtype(c.x, DType::kFloat32);
      if (c.residual.defined()) c.residual = in_dtype(c.residual, DType::kFloat32);
      const double rounding = dtype == DType::kBFloat16 ? 4e-3 : 5e-4;
      expect_close(in_dtype(*y, DType::kFloat32), *c.run(context), c.x.size(1), rounding);
    }
  });
}

TEST(BlockLinear, GivesARowTheSameBitsAloneAndAmongOthers) {
  for_each_path([](const KernelContext& context, uint32_t) {
    for (const BlockFormat format : kBlockFormatsOfTests) {
      Draw draw(3);
      const Tensor x = *Tensor::empty(DType::kFloat32, std::array<int64_t, 2>{29, 192});
      std::memcpy(x.data(), draw.tensor({29 * 192 + 16}).data(), x.byte_count());
      const BlockWeights weight = draw_block_weights(draw, format, 40, 192);
      const Tensor together = *block_linear(context, x, weight, {}, {}, Activation::kNone);
      for (int64_t r = 0; r < x.size(0); ++r) {
        const Tensor row = *Tensor::view(x.storage(), x.dtype(), std::array<int64_t, 2>{1, 192},
                                         std::array<int64_t, 2>{192, 1}, r * 192);
        const Tensor alone = *block_linear(context, row, weight, {}, {}, Activation::kNone);
        ASSERT_EQ(std::memcmp(alone.data(), together.data_as<float>() + r * 40, alone.byte_count()), 0) << r;
      }
    }
  });
}

TEST(BlockLinear, SaysSoWhenARowIsNotFinite) {
  for_each_path([](const KernelContext& context, uint32_t) {
    Draw draw(1);
    const Tensor x = *Tensor::empty(DType::kFloat32, std::array<int64_t, 2>{4, 70});
    std::fill_n(x.data_as<float>(), x.element_count(), 1e-38F);
    x.data_as<float>()[69] = std::nanf("");
    x.data_as<float>()[70] = std::numeric_limits<float>::infinity();
    const auto y =
        block_linear(context, x, draw_block_weights(draw, BlockFormat::kNibbles, 3, 70), {}, {}, Activation::kNone);
    ASSERT_TRUE(y.ok());
    const std::vector<float> values = elements(*y);
    for (size_t i = 0; i < 6; ++i) EXPECT_TRUE(std::isnan(values[i])) << i;
    for (size_t i = 6; i < values.size(); ++i) EXPECT_LE(std::abs(values[i]), 1e-35F);
  });
}

TEST(BlockLinear, NamesTheOperandThatDoesNotFit) {
  TestContext context(1);
  Draw draw(1);
  const LinearCase good{draw.tensor({2, 64}), draw_block_weights(draw, BlockFormat::kNibbles, 20, 64), {}, {}, {}};
  ASSERT_TRUE(good.run(context.get()).ok());
  struct Case {
    void (*spoil)(LinearCase&);
    const char* word;
  };
  const Case cases[] = {
      {[](LinearCase& c) { c.x = Tensor(); }, "x"},
      {[](LinearCase& c) { c.x = c.weight.data; }, "x is"},
      {[](LinearCase& c) { c.x = *Tensor::empty(DType::kFloat32, std::array<int64_t, 2>{2, 65}); }, "weight"},
      {[](LinearCase& c) { c.weight.rows = 33; }, "weight"},
      {[](LinearCase& c) { c.weight.rows = -1; }, "-1 rows"},
      {[](LinearCase& c) { c.weight.format = BlockFormat::kBytes; }, "weight"},
      {[](LinearCase& c) { c.weight.data = c.x; }, "weight"},
      {[](LinearCase& c) { c.bias = c.x; }, "bias"},
      {[](LinearCase& c) { c.residual = c.x; }, "residual"},
  };
  for (const Case& c : cases) {
    LinearCase bad = good;
    c.spoil(bad);
    const auto y = bad.run(context.get());
    ASSERT_FALSE(y.ok()) << c.word;
    EXPECT_EQ(y.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(y.status().message().find(c.word), std::string::npos) << y.status().message();
  }
}

TEST(BlockEmbedding, GivesTheRowsOfTheTable) {
  TestContext context(2);
  for (const BlockFormat format : kBlockFormatsOfTests) {
    Draw draw(5);
    const BlockWeights table = draw_block_weights(draw, format, 50, 90);
    const Tensor ids = *Tensor::empty(DType::kInt64, std::array<int64_t, 2>{1, 3});
    std::ranges::copy(std::array<int64_t, 3>{49, 0, 17}, ids.data_as<int64_t>());
    const auto rows = block_embedding(context.get(), ids, table, 90, DType::kFloat32);
    ASSERT_TRUE(rows.ok()) << rows.status().message();
    EXPECT_TRUE(std::ranges::equal(rows->shape(), std::array<int64_t, 3>{1, 3, 90}));
    std::vector<float> expected(90);
    for (int64_t i = 0; i < 3; ++i) {
      read_block_row(table, ids.data_as<int64_t>()[i], expected);
      EXPECT_TRUE(std::ranges::equal(expected, std::span(rows->data_as<float>() + i * 90, 90)));
    }
    EXPECT_EQ(block_embedding(context.get(), ids, table, 90, DType::kBFloat16)->dtype(), DType::kBFloat16);
    ids.data_as<int64_t>()[1] = 50;
    const auto refused = block_embedding(context.get(), ids, table, 90, DType::kFloat32);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.status().message().find("the id 50"), std::string::npos);
  }
}

TEST(BlockFormats, AreKnownByName) {
  EXPECT_EQ(*parse_block_format("q4"), BlockFormat::kNibbles);
  EXPECT_EQ(*parse_block_format("q4-asym"), BlockFormat::kNibblesFromMinimum);
  EXPECT_EQ(*parse_block_format("q8"), BlockFormat::kBytes);
  const auto unknown = parse_block_format("q5");
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.status().message().find("q4, q4-asym, q8"), std::string::npos);
}

}  // namespace
}  // namespace hearth
