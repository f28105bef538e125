#include "kernels/cuda/attention.h"

#include <cstring>
#include <limits>

#include "kernels/tensor_literals.h"
#include "kernels/testing/gpu_run.h"

namespace hearth {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class GpuAttention : public GpuTest {
 protected:
  TestContext host_{1};
};

double allowance(DType dtype) { return dtype == DType::kFloat32 ? 1e-5 : dtype == DType::kFloat16 ? 2e-3 : 1.2e-2; }

/// Values stay below 1, so that the allowance is one of the largest value.
void expect_near(const Tensor& actual, const Tensor& expected, double allowed) {
  ASSERT_TRUE(std::ranges::equal(actual.shape(), expected.shape())) << describe(actual);
  ASSERT_TRUE(same_layout(actual.shape(), actual.strides(), expected.strides()));
  const std::vector<float> a = elements(in_dtype(actual, DType::kFloat32));
  const std::vector<float> e = elements(in_dtype(expected, DType::kFloat32));
  for (size_t i = 0; i < a.size(); ++i) ASSERT_LE(std::abs(a[i] - e[i]), allowed) << "at element " << i;
}

struct EncoderCase {
  int64_t tokens, heads, key_heads, depth;
  std::vector<int64_t> lengths;
  bool causal = false;
  DType dtype = DType::kFloat32;
};

const EncoderCase kEncoderCases[] = {
    {1, 1, 1, 4, {1}},
    {9, 4, 2, 32, {9, 4, 0}},
    {150, 2, 1, 33, {150, 20}, true},
    {70, 1, 1, 96, {70, 65}},
    {10, 2, 2, 130, {10, 3}},
    {70, 2, 1, 128, {66}, true},
    {0, 2, 2, 8, {0, 0}},
    {5, 2, 2, 8, {}},
    {40, 4, 2, 64, {40, 31, 0}, false, DType::kBFloat16},
    {100, 3, 1, 64, {100, 70}, true, DType::kBFloat16},
    {300, 1, 1, 64, {290}, false, DType::kFloat16},
    {70, 2, 1, 24, {70, 5}, false, DType::kFloat16},
    {150, 4, 1, 32, {150, 131}, true, DType::kFloat16},
    {80, 4, 1, 96, {80}, true, DType::kBFloat16},
    {66, 4, 2, 80, {64}, false, DType::kBFloat16},
    {20, 2, 1, 33, {18, 20}, true, DType::kBFloat16},
    {40, 2, 1, 128, {40, 9}, true, DType::kFloat16},
    {140, 4, 1, 128, {140}, true, DType::kBFloat16},
    {70, 1, 1, 256, {65}, false, DType::kBFloat16},
    {10, 1, 1, 200, {7}, true, DType::kFloat16},
};

TEST_F(GpuAttention, AttendsAmongTheTokensOfEachText) {
  uint32_t seed = 1;
  for (const EncoderCase& c : kEncoderCases) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::string(dtype_name(c.dtype)));
    Draw draw(seed++);
    const auto texts = static_cast<int64_t>(c.lengths.size());
    const auto rows = [&](int64_t heads) {
      const Tensor drawn = in_dtype(draw.tensor({texts, c.tokens, heads, c.depth}), c.dtype);
      // What follows a text is not seen.
      for (int64_t text = 0; text < texts; ++text) {
        const int64_t length = c.lengths[static_cast<size_t>(text)];
        if (length == c.tokens || heads == c.heads) continue;
        const int64_t at = text * drawn.stride(0) + length * drawn.stride(1);
        std::memset(drawn.data_as<std::byte>() + at * dtype_bits(c.dtype) / 8, 0xFF,
                    static_cast<size_t>(drawn.stride(1) * dtype_bits(c.dtype) / 8));
      }
      return drawn;
    };
    const Tensor query = rows(c.heads);
    const Tensor key = rows(c.key_heads);
    const Tensor value = rows(c.key_heads);
    const Tensor lengths = *Tensor::empty(DType::kInt64, std::array{texts});
    std::ranges::copy(c.lengths, lengths.data_as<int64_t>());
    const EncoderAttentionParameters parameters{.scale = 0.4, .causal = c.causal};
    const auto expected = reference::encoder_attention(host_.get(), query, key, value, lengths, parameters);
    ASSERT_TRUE(expected.ok()) << expected.status().message();
    const auto actual = gpu::encoder_attention(run_->context(), run_->on_gpu(query), run_->on_gpu(key),
                                               run_->on_gpu(value), run_->on_gpu(lengths), parameters);
    ASSERT_TRUE(actual.ok()) << actual.status().message();
    expect_near(run_->on_host(*actual), *expected, allowance(c.dtype));
  }
}

TEST_F(GpuAttention, TakesLengthsOutsideOfTheRowsForTheNearestOnes) {
  Draw draw(7);
  const Tensor rows = draw.tensor({2, 5, 1, 8});
  const Tensor wild = tensor<int64_t>({2}, {int64_t{1} << 40, -3});
  const Tensor nearest = tensor<int64_t>({2}, {5, 0});
  const Tensor on_gpu = run_->on_gpu(rows);
  const auto actual = gpu::encoder_attention(run_->context(), on_gpu, on_gpu, on_gpu, run_->on_gpu(wild), {});
  ASSERT_TRUE(actual.ok());
  expect_near(run_->on_host(*actual), *reference::encoder_attention(host_.get(), rows, rows, rows, nearest, {}), 1e-5);
}

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
    {1, 2, 1, 70, 130, 33, true, Case::kNone, true},
    {1, 4, 2, 1, 200, 64, false, Case::kKeys, true},
    {1, 2, 1, 65, 70, 80, false, Case::kHoles},
    {1, 1, 1, 100, 20, 8, true},
    {1, 2, 2, 65, 100, 24, false, Case::kFull, true, DType::kBFloat16},
    {1, 2, 2, 40, 100, 64, false, Case::kHoles, false, DType::kBFloat16},
    {1, 2, 1, 3, 130, 24, false, Case::kKeys, false, DType::kFloat16},
    {1, 4, 2, 130, 70, 32, true, Case::kFull, true, DType::kFloat16},
    {1, 1, 1, 9, 1, 1, false, Case::kNone, false, DType::kBFloat16},
    {1, 2, 2, 9, 0, 4, false, Case::kNone, false, DType::kBFloat16},
    {1, 2, 2, 9, 0, 4},
    {1, 2, 2, 0, 5, 4},
    {0, 2, 2, 9, 5, 4},
};

Tensor draw_mask(Draw& draw, const Case& c) {
  if (c.mask == Case::kNone) return {};
  if (c.mask == Case::kKeys) return in_dtype(draw.tensor({c.batches, 1, 1, c.keys}), c.dtype);
  const Tensor mask = draw.tensor({c.queries, c.keys});
  if (c.mask == Case::kHoles) {
    for (size_t i = 0; i < mask.storage()->size() / sizeof(float); ++i) {
      float& value = mask.data_as<float>()[i];
      value = value < 0 ? -kInfinity : 0;
    }
    // A query that sees no key at all.
    for (int64_t i = 0; i < c.keys; ++i) mask.data_as<float>()[mask.stride(0) + i * mask.stride(1)] = -kInfinity;
  }
  return in_dtype(mask, c.dtype);
}

TEST_F(GpuAttention, MatchesTheReferenceWithAnyMask) {
  uint32_t seed = 100;
  for (const Case& c : kCases) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::string(dtype_name(c.dtype)));
    Draw draw(seed++);
    const auto heads = [&](int64_t count, int64_t rows) {
      const std::vector<int> order = c.heads_inside ? std::vector{0, 2, 1, 3} : std::vector{0, 1, 2, 3};
      return in_dtype(draw.tensor({c.batches, count, rows, c.depth}, order), c.dtype);
    };
    const Tensor query = heads(c.heads, c.queries);
    const Tensor key = heads(c.key_heads, c.keys);
    const Tensor value = heads(c.key_heads, c.keys);
    const Tensor mask = draw_mask(draw, c);
    const AttentionParameters parameters{.causal = c.causal, .scale = {}};
    const auto expected = reference::attention(host_.get(), query, key, value, mask, parameters);
    ASSERT_TRUE(expected.ok()) << expected.status().message();
    const auto actual = gpu::attention(run_->context(), run_->on_gpu(query), run_->on_gpu(key), run_->on_gpu(value),
                                       run_->on_gpu(mask), parameters);
    ASSERT_TRUE(actual.ok()) << actual.status().message();
    expect_near(run_->on_host(actual->output), expected->output, allowance(c.dtype));
    expect_near(run_->on_host(actual->logsumexp), expected->logsumexp, c.dtype == DType::kFloat32 ? 1e-5 : 1e-4);
  }
}

TEST_F(GpuAttention, LeavesWhatItHasNoFormForToTheHost) {
  const auto on_gpu = [&](const std::vector<int64_t>& shape, DType dtype = DType::kFloat32) {
    return run_->on_gpu(in_dtype(counting<float>(shape), dtype));
  };
  const Tensor rows = on_gpu({2, 3, 4, 8});
  const Tensor lengths = run_->on_gpu(tensor<int64_t>({2}, {3, 3}));
  const Tensor narrow = on_gpu({2, 3, 4, 8}, DType::kBFloat16);
  const Tensor wide = on_gpu({2, 3, 4, 8}, DType::kFloat64);
  const Tensor deep = on_gpu({2, 3, 1, 257});
  const struct {
    Tensor query, key, value, lengths;
    double scale = 1;
  } cases[] = {
      {{}, rows, rows, lengths},
      {rows, narrow, rows, lengths},
      {rows, rows, narrow, lengths},
      {wide, wide, wide, lengths},
      {deep, deep, deep, lengths},
      {rows, on_gpu({2, 3, 3, 8}), on_gpu({2, 3, 3, 8}), lengths},
      {rows, on_gpu({2, 4, 4, 8}), on_gpu({2, 4, 4, 8}), lengths},
      {rows, rows, on_gpu({2, 3, 2, 8}), lengths},
      {rows, rows, rows, {}},
      {rows, rows, rows, run_->on_gpu(tensor<int64_t>({3}, {3, 3, 3}))},
      {rows, rows, rows, tensor<int64_t>({2}, {3, 3})},
      {rows, rows, rows, lengths, -1},
      {rows, rows, rows, lengths, 0},
  };
  for (const auto& c : cases) {
    const auto result = gpu::encoder_attention(run_->context(), c.query, c.key, c.value, c.lengths, {.scale = c.scale});
    EXPECT_EQ(result.status().code(), StatusCode::kUnavailable) << describe(c.query) << describe(c.key);
  }
  const Tensor mask = on_gpu({4, 4}, DType::kFloat64);
  EXPECT_EQ(gpu::attention(run_->context(), rows, rows, rows, mask, {}).status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace hearth
