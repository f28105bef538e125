#include "kernels/attention.h"

#include <limits>

#include "kernels/tensor_literals.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Case {
  int64_t batches, heads, key_heads, queries, keys, depth;
  bool causal = false;
  enum Mask { kNone, kFull, kKeys, kHoles } mask = kNone;
  bool heads_inside = false;  ///< Memory is [B, S, H, E].
  DType dtype = DType::kFloat32;
};

const Case kCases[] = {
    {1, 1, 1, 1, 1, 1},
    {2, 3, 3, 5, 7, 4},
    {1, 2, 2, 64, 64, 16, true},
    {2, 2, 2, 100, 300, 64, false, Case::kFull},
    {1, 2, 2, 70, 513, 33, true, Case::kNone, true},
    {1, 4, 2, 1, 1000, 64, false, Case::kKeys, true},
    {2, 2, 2, 7, 300, 40, true},
    {1, 4, 1, 130, 257, 80, false, Case::kHoles},
    {1, 1, 1, 300, 20, 8, true},
    {1, 2, 2, 65, 200, 24, false, Case::kFull, true, DType::kBFloat16},
    {2, 4, 2, 130, 600, 33, true, Case::kNone, true, DType::kBFloat16},
    {1, 2, 2, 40, 300, 64, false, Case::kHoles, false, DType::kBFloat16},
    {1, 2, 1, 3, 260, 24, false, Case::kKeys, false, DType::kBFloat16},
    {1, 1, 1, 9, 1, 1, false, Case::kNone, false, DType::kBFloat16},
    {1, 2, 2, 3, 260, 24, false, Case::kHoles, false, DType::kFloat16},
    {1, 2, 2, 40, 300, 24, false, Case::kFull, true, DType::kFloat16},
    {1, 2, 2, 9, 5, 4, false, Case::kFull, false, DType::kFloat64},
    {1, 2, 2, 0, 5, 4},
    {1, 2, 2, 9, 0, 4},
    {0, 2, 2, 9, 5, 4},
};

struct Operands {
  Tensor query, key, value, mask;
};

Operands draw(const Case& c, uint32_t seed) {
  Draw draw(seed);
  const auto heads = [&](int64_t count, int64_t rows) {
    const Tensor made = draw.tensor({c.batches, count, rows, c.depth},
                                    c.heads_inside ? std::vector{0, 2, 1, 3} : std::vector{0, 1, 2, 3});
    return in_dtype(made, c.dtype);
  };
  Operands operands{heads(c.heads, c.queries), heads(c.key_heads, c.keys), heads(c.key_heads, c.keys), {}};
  if (c.mask == Case::kNone) return operands;
  const Tensor mask = c.mask == Case::kKeys ? draw.tensor({c.batches, 1, 1, c.keys}) : draw.tensor({c.queries, c.keys});
  if (c.mask == Case::kHoles) {
    const auto elements = static_cast<int64_t>(mask.storage()->size() / sizeof(float));
    for (int64_t i = 0; i < elements; ++i) {
      float& value = mask.data_as<float>()[i];
      value = value < 0 ? -kInfinity : 0;
    }
    // A query that sees no key at all.
    for (int64_t i = 0; i < c.keys; ++i) mask.data_as<float>()[mask.stride(0) + i * mask.stride(1)] = -kInfinity;
  }
  operands.mask = in_dtype(mask, c.dtype);
  return operands;
}

TEST(Attention, MatchesTheReference) {
  uint32_t seed = 1;
  for (const Case& c : kCases) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", dtype " + std::string(dtype_name(c.dtype)));
    const Operands o = draw(c, seed++);
    const AttentionParameters parameters{.causal = c.causal, .scale = {}};
    TestContext one(1);
    const auto expected = reference::attention(one.get(), o.query, o.key, o.value, o.mask, parameters);
    ASSERT_TRUE(expected.ok()) << expected.status().message();
    for_each_path([&](const KernelContext& context, uint32_t) {
      const auto actual = attention(context, o.query, o.key, o.value, o.mask, parameters);
      ASSERT_TRUE(actual.ok()) << actual.status().message();
      EXPECT_EQ(strides_of(actual->output), strides_of(expected->output));
      EXPECT_EQ(strides_of(actual->logsumexp), strides_of(expected->logsumexp));
      // Half floats are rounded once on both sides; a last place may differ.
      const auto depth = c.dtype == DType::kBFloat16 ? 4'000'000 : c.dtype == DType::kFloat16 ? 100'000 : c.keys;
      expect_close(in_dtype(actual->output, DType::kFloat32), in_dtype(expected->output, DType::kFloat32), depth);
      expect_close(in_dtype(actual->logsumexp, DType::kFloat32), in_dtype(expected->logsumexp, DType::kFloat32), depth);
    });
  }
}

TEST(Attention, IsTheSameToTheBitWithAnyNumberOfThreads) {
  const Operands o = draw({2, 3, 3, 130, 300, 40, true}, 7);
  std::vector<float> expected;
  for (const int threads : {1, 2}) {
    TestContext context(threads);
    const auto result = attention(context.get(), o.query, o.key, o.value, {}, {.causal = true, .scale = {}});
    ASSERT_TRUE(result.ok());
    if (expected.empty()) expected = elements(result->output);
    EXPECT_EQ(elements(result->output), expected);
  }
}

TEST(Attention, WeighsTwoValuesBySoftmax) {
  TestContext context(1);
  const Tensor query = tensor<float>({1, 1, 1, 1}, {1});
  const Tensor key = tensor<float>({1, 1, 2, 1}, {0, 1});
  const Tensor value = tensor<float>({1, 1, 2, 1}, {10, 20});
  const auto result = attention(context.get(), query, key, value, {}, {.causal = false, .scale = 2.0});
  ASSERT_TRUE(result.ok());
  expect_tensor<float>(result->output, {1, 1, 1, 1}, {18.807971F}, 1e-5);  // 10 + 10 / (1 + e^-2)
  expect_tensor<float>(result->logsumexp, {1, 1, 1}, {2.126928F}, 1e-5);   // log(1 + e^2)
}

TEST(Attention, GivesZerosWhereNoKeyIsSeen) {
  TestContext context(1);
  const Tensor ones = tensor<float>({1, 1, 2, 1}, {1, 1});
  const Tensor mask = tensor<float>({2, 2}, {0, 0, -kInfinity, -kInfinity});
  const auto result = attention(context.get(), ones, ones, ones, mask, {});
  ASSERT_TRUE(result.ok());
  expect_tensor<float>(result->output, {1, 1, 2, 1}, {1, 0});
  EXPECT_EQ(elements(result->logsumexp)[1], 0);
}

TEST(Attention, RefusesOperandsThatDoNotFit) {
  TestContext context(1);
  const Tensor four = counting<float>({1, 2, 3, 4});
  const Tensor five = counting<float>({1, 2, 3, 5});
  expect_refused(attention(context.get(), {}, four, four, {}, {}), "query is undefined");
  expect_refused(attention(context.get(), counting<float>({3, 4}), four, four, {}, {}), "query is float32[3, 4]");
  expect_refused(attention(context.get(), four, five, five, {}, {}), "key is float32[1, 2, 3, 5]");
  expect_refused(attention(context.get(), four, four, counting<float>({1, 2, 2, 4}), {}, {}), "value is");
  expect_refused(attention(context.get(), four, four, counting<double>({1, 2, 3, 4}), {}, {}), "expected float32");
  expect_refused(attention(context.get(), four, four, four, counting<float>({3, 2}), {}), "mask is float32[3, 2]");
  expect_refused(attention(context.get(), four, four, four, counting<int64_t>({3, 3}), {}), "mask is int64[3, 3]");
}

}  // namespace
}  // namespace hearth
