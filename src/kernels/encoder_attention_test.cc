#include "kernels/encoder_attention.h"

#include "kernels/attention.h"
#include "kernels/cpu/kernel_test_support.h"
#include "kernels/tensor_literals.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

struct Case {
  int64_t tokens, heads, key_heads, depth;
  std::vector<int64_t> lengths;
  bool causal = false;
  DType dtype = DType::kFloat32;
};

const Case kCases[] = {
    {1, 1, 1, 4, {1}},
    {7, 4, 4, 16, {7, 3, 3, 1}},
    {9, 4, 2, 32, {9, 9}},
    {300, 2, 1, 33, {300, 20, 257}},
    {12, 4, 2, 16, {12, 5}, true},
    {5, 2, 2, 8, {0, 5, 0}},
    {0, 2, 2, 8, {0, 0}},
    {5, 2, 2, 8, {}},
    {40, 4, 4, 64, {40, 31}, false, DType::kBFloat16},
    {20, 2, 1, 24, {18, 20}, false, DType::kFloat16},
    {20, 2, 1, 24, {18, 20}, true, DType::kFloat64},
};

struct Operands {
  Tensor query, key, value, lengths;
};

Operands draw_operands(Draw& draw, const Case& c) {
  const auto texts = static_cast<int64_t>(c.lengths.size());
  const auto rows = [&](int64_t heads) { return in_dtype(draw.tensor({texts, c.tokens, heads, c.depth}), c.dtype); };
  const Tensor lengths = *Tensor::empty(DType::kInt64, std::array{texts});
  std::ranges::copy(c.lengths, lengths.data_as<int64_t>());
  return {rows(c.heads), rows(c.key_heads), rows(c.key_heads), lengths};
}

double allowance(DType dtype) {
  return dtype == DType::kBFloat16 ? 4'000'000 : dtype == DType::kFloat16 ? 100'000 : 1'000;
}

TEST(EncoderAttention, MatchesTheReference) {
  uint32_t seed = 1;
  for (const Case& c : kCases) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Draw draw(seed++);
    const Operands in = draw_operands(draw, c);
    const EncoderAttentionParameters parameters{.scale = 0.3, .causal = c.causal};
    TestContext one(1);
    const auto expected = reference::encoder_attention(one.get(), in.query, in.key, in.value, in.lengths, parameters);
    ASSERT_TRUE(expected.ok()) << expected.status().message();
    for_each_path([&](const KernelContext& context, uint32_t) {
      const auto actual = encoder_attention(context, in.query, in.key, in.value, in.lengths, parameters);
      ASSERT_TRUE(actual.ok()) << actual.status().message();
      ASSERT_TRUE(actual->is_contiguous());
      expect_close(in_dtype(*actual, DType::kFloat32), in_dtype(*expected, DType::kFloat32), allowance(c.dtype));
    });
  }
}

/// Text `text` of [B, T, H, E] as a batch of one, its first `length` tokens.
Tensor text_of(const Tensor& tensor, int64_t text, int64_t length) {
  return *Tensor::view(tensor.storage(), tensor.dtype(), std::array{int64_t{1}, length, tensor.size(2), tensor.size(3)},
                       tensor.strides(), tensor.offset() + text * tensor.stride(0));
}

TEST(EncoderAttention, ATextAnswersAsItWouldAloneWhateverFollowsIt) {
  Draw draw(3);
  const Case c{12, 4, 2, 16, {12, 5, 0, 7}};
  const Operands in = draw_operands(draw, c);
  for (const Tensor& tensor : {in.key, in.value}) {
    for (int64_t e = 0; e < 16; ++e) tensor.data_as<float>()[tensor.stride(0) + 5 * tensor.stride(1) + e] = NAN;
  }
  TestContext context(2);
  const auto all = encoder_attention(context.get(), in.query, in.key, in.value, in.lengths, {.scale = 0.25});
  ASSERT_TRUE(all.ok()) << all.status().message();
  for (size_t text = 0; text < c.lengths.size(); ++text) {
    const auto i = static_cast<int64_t>(text);
    const int64_t length = c.lengths[text];
    const auto alone = reference::attention(context.get(), permuted(text_of(in.query, i, length), {0, 2, 1, 3}),
                                            permuted(text_of(in.key, i, length), {0, 2, 1, 3}),
                                            permuted(text_of(in.value, i, length), {0, 2, 1, 3}), {}, {.scale = 0.25});
    ASSERT_TRUE(alone.ok()) << alone.status().message();
    expect_close(text_of(*all, i, length), permuted(alone->output, {0, 2, 1, 3}), 1'000);
    const std::vector<float> whole = values_of<float>(text_of(*all, i, c.tokens));
    EXPECT_TRUE(std::all_of(whole.begin() + length * 4 * 16, whole.end(), [](float x) { return x == 0; }));
  }
}

TEST(EncoderAttention, RefusesOperandsThatDoNotFit) {
  TestContext one(1);
  Draw draw(4);
  const Operands good = draw_operands(draw, {6, 4, 2, 8, {6, 3}});
  const Operands longer = draw_operands(draw, {7, 4, 2, 8, {7, 3}});
  const Operands three = draw_operands(draw, {6, 4, 2, 8, {6, 3, 1}});
  const Operands odd = draw_operands(draw, {6, 3, 2, 8, {6, 3}});
  const Operands over = draw_operands(draw, {6, 4, 2, 8, {6, 7}});
  const Operands below = draw_operands(draw, {6, 4, 2, 8, {-1, 6}});
  const struct {
    Tensor query, key, value, lengths;
    const char* message;
  } cases[] = {
      {{}, good.key, good.value, good.lengths, "query"},
      {permuted(text_of(good.query, 0, 1), {0, 1, 2, 3}), good.key, good.value, good.lengths, "key"},
      {good.query, longer.key, good.value, good.lengths, "key"},
      {good.query, good.key, longer.value, good.lengths, "value"},
      {good.query, three.key, good.value, good.lengths, "key"},
      {good.query, in_dtype(good.key, DType::kBFloat16), good.value, good.lengths, "key"},
      {odd.query, good.key, good.value, good.lengths, "key"},
      {good.query, good.key, good.value, three.lengths, "lengths"},
      {good.query, good.key, good.value, {}, "lengths"},
      {good.query, good.key, good.value, good.query, "lengths"},
      {good.query, good.key, good.value, over.lengths, "text 1 has 7 tokens"},
      {good.query, good.key, good.value, below.lengths, "text 0 has -1 tokens"},
  };
  for (const auto& c : cases) {
    expect_refused(encoder_attention(one.get(), c.query, c.key, c.value, c.lengths, {}), c.message);
  }
}

}  // namespace
}  // namespace hearth
