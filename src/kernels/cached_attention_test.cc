#include "kernels/cached_attention.h"

#include "kernels/cpu/kernel_test_support.h"
#include "kernels/tensor_literals.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

struct Case {
  int64_t heads, key_heads, depth;
  std::vector<int64_t> steps;  ///< Tokens of each.
  int64_t window = 0;
  double soft_cap = 0;
  bool sinks = false;
  DType dtype = DType::kFloat32;
  std::optional<DType> kept{};  ///< What the cache keeps keys and values as.
};

const Case kCases[] = {
    {1, 1, 4, {1}},
    {4, 2, 16, {7, 1, 1}},
    {2, 1, 33, {300, 20, 1}},
    {2, 2, 64, {1, 1, 270, 1}, 8},
    {4, 4, 32, {40, 600}, 256},
    {4, 1, 16, {9, 12}, 0, 2.5},
    {2, 2, 16, {30, 1}, 5, 0, true},
    {4, 2, 64, {300, 10, 1}, 100, 5, true, DType::kBFloat16},
    {2, 1, 24, {20, 1}, 0, 0, false, DType::kFloat16},
    {2, 1, 24, {20, 1}, 0, 0, true, DType::kFloat64},
    {2, 1, 8, {0, 3}},
    {4, 2, 40, {300, 1}, 0, 0, true, DType::kFloat32, DType::kBFloat16},
    {4, 2, 64, {300, 1}, 0, 0, true, DType::kBFloat16, DType::kFloat32},
    {4, 2, 256, {20, 9, 1}, 0, 0, false, DType::kFloat32, DType::kInt8},
    {4, 2, 40, {300, 9, 1}, 12, 3, true, DType::kBFloat16, DType::kInt8},
    {2, 1, 33, {20, 1}, 0, 0, false, DType::kFloat16, DType::kInt8},
    {2, 1, 24, {20, 1}, 0, 0, true, DType::kFloat64, DType::kInt8},
    {2, 1, 24, {20, 1}, 0, 0, true, DType::kFloat64, DType::kFloat16},
    {2, 1, 16, {600, 300, 1, 8, 1}, 20},
    {2, 1, 32, {600, 1, 300, 1}, 257, 0, true, DType::kBFloat16, DType::kInt8},
};

struct Step {
  Tensor query, key, value;
};

Step draw_step(Draw& draw, const Case& c, int64_t tokens) {
  const auto rows = [&](int64_t heads) { return in_dtype(draw.tensor({tokens, heads, c.depth}), c.dtype); };
  return {rows(c.heads), rows(c.key_heads), rows(c.key_heads)};
}

/// `count` tokens of `rows` from `first` on.
Tensor part(const Tensor& rows, int64_t first, int64_t count) {
  return *Tensor::view(rows.storage(), rows.dtype(), std::array{count, rows.size(1), rows.size(2)}, rows.strides(),
                       rows.offset() + first * rows.stride(0));
}

TEST(CachedAttention, MatchesTheReferenceStepByStep) {
  uint32_t seed = 1;
  for (const Case& c : kCases) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Draw draw(seed++);
    std::vector<Step> steps;
    for (const int64_t tokens : c.steps) steps.push_back(draw_step(draw, c, tokens));
    const Tensor sinks = c.sinks ? draw.tensor({c.heads}) : Tensor();
    const CachedAttentionParameters parameters{.layer = 2, .scale = 0.3, .window = c.window, .soft_cap = c.soft_cap};
    KeyValueCache expected_cache(c.kept);
    std::vector<Tensor> expected;
    TestContext one(1);
    const StepSequence expected_sequence{.cache = &expected_cache};
    KernelContext plain = one.get();
    plain.sequences = std::span(&expected_sequence, 1);
    for (const Step& step : steps) {
      const auto result = reference::cached_attention(plain, step.query, step.key, step.value, sinks, parameters);
      ASSERT_TRUE(result.ok()) << result.status().message();
      expected.push_back(*result);
      expected_cache.commit();
    }
    for_each_path([&](KernelContext context, uint32_t) {
      KeyValueCache cache(c.kept);
      const StepSequence sequence{.cache = &cache};
      context.sequences = std::span(&sequence, 1);
      for (size_t i = 0; i < steps.size(); ++i) {
        const Step& step = steps[i];
        const auto actual = cached_attention(context, step.query, step.key, step.value, sinks, parameters);
        ASSERT_TRUE(actual.ok()) << actual.status().message();
        ASSERT_TRUE(actual->is_contiguous());
        const auto depth = c.dtype == DType::kBFloat16 ? 4'000'000 : c.dtype == DType::kFloat16 ? 100'000 : 1'000;
        expect_close(in_dtype(*actual, DType::kFloat32), in_dtype(expected[i], DType::kFloat32), depth);
        cache.commit();
      }
    });
  }
}

TEST(CachedAttention, AStepIsWhatItWouldBeInOnePiece) {
  Draw draw(5);
  const Case c{4, 2, 16, {}};
  const Step whole = draw_step(draw, c, 40);
  TestContext test(2);
  KernelContext context = test.get();
  const CachedAttentionParameters parameters{.layer = 0, .scale = 1, .window = 6};
  const auto expected = cached_attention(context, whole.query, whole.key, whole.value, {}, parameters);
  ASSERT_TRUE(expected.ok());
  KeyValueCache cache;
  const StepSequence sequence{.cache = &cache};
  context.sequences = std::span(&sequence, 1);
  for (int64_t first = 0; first < 40; first += 10) {
    const auto actual = cached_attention(context, part(whole.query, first, 10), part(whole.key, first, 10),
                                         part(whole.value, first, 10), {}, parameters);
    ASSERT_TRUE(actual.ok());
    expect_close(*actual, part(*expected, first, 10), 100);
    cache.commit();
  }
}

struct BatchCase {
  int64_t heads, key_heads, depth;
  std::vector<std::vector<int64_t>> steps;  ///< Tokens of each sequence in each step; 0: it takes no part.
  int64_t window = 0;
  double soft_cap = 0;
  bool sinks = false;
  DType dtype = DType::kFloat32;
};

const BatchCase kBatchCases[] = {
    {4, 2, 16, {{3, 12, 1}, {1, 1, 1}, {1, 20, 9}}},
    {2, 1, 33, {{300, 0, 1, 7}, {1, 255, 1, 1}, {1, 1, 0, 1}, {5, 1, 30, 1}}},
    {2, 2, 64, {{1, 270, 9, 0, 1}, {1, 1, 1, 40, 1}}, 8},
    {4, 1, 16, {{30, 1, 2}, {1, 1, 1}, {1, 17, 1}}, 5, 2.5, true},
    {4, 2, 64, {{300, 2, 20}, {1, 1, 1}, {1, 33, 1}}, 100, 5, true, DType::kBFloat16},
    {2, 1, 24, {{20, 1, 1}, {1, 1, 12}}, 0, 0, false, DType::kFloat16},
    {2, 1, 24, {{20, 1, 1}, {1, 1, 12}}, 0, 0, true, DType::kFloat64},
};

std::span<const std::byte> bytes_of(const Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.data()), tensor.byte_count()};
}

/// Sequences that go on together, or one by one.
class Sequences {
 public:
  explicit Sequences(size_t count) : caches_(count) {}

  /// The table of a step with so many tokens of each sequence, without those that have none.
  std::vector<StepSequence> table(std::span<const int64_t> tokens) {
    std::vector<StepSequence> table;
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i] > 0) table.push_back({&caches_[i], tokens[i]});
    }
    return table;
  }

 private:
  std::vector<KeyValueCache> caches_;
};

template <typename Function>
Tensor run(const Function& function, KernelContext context, std::span<const StepSequence> table, const Step& step,
           const Tensor& sinks, const CachedAttentionParameters& parameters) {
  context.sequences = table;
  const auto result = function(context, step.query, step.key, step.value, sinks, parameters);
  EXPECT_TRUE(result.ok()) << result.status().message();
  for (const StepSequence& sequence : table) sequence.cache->commit();
  return *result;
}

TEST(CachedAttention, SequencesOfAStepGetWhatEachGetsAlone) {
  uint32_t seed = 100;
  for (const BatchCase& test : kBatchCases) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Case c{test.heads, test.key_heads, test.depth, {}, test.window, test.soft_cap, test.sinks, test.dtype};
    Draw draw(seed++);
    const Tensor sinks = c.sinks ? draw.tensor({c.heads}) : Tensor();
    const CachedAttentionParameters parameters{.layer = 1, .scale = 0.3, .window = c.window, .soft_cap = c.soft_cap};
    const size_t count = test.steps[0].size();
    TestContext one(1);
    Sequences plain(count);
    std::vector<Step> steps;
    std::vector<Tensor> expected;
    for (const auto& tokens : test.steps) {
      steps.push_back(draw_step(draw, c, std::accumulate(tokens.begin(), tokens.end(), int64_t{0})));
      expected.push_back(
          run(reference::cached_attention, one.get(), plain.table(tokens), steps.back(), sinks, parameters));
    }
    for_each_path([&](const KernelContext& context, uint32_t) {
      Sequences together(count);
      Sequences alone(count);
      for (size_t i = 0; i < steps.size(); ++i) {
        const Tensor actual =
            run(cached_attention, context, together.table(test.steps[i]), steps[i], sinks, parameters);
        const auto depth = c.dtype == DType::kBFloat16 ? 4'000'000 : c.dtype == DType::kFloat16 ? 100'000 : 1'000;
        expect_close(in_dtype(actual, DType::kFloat32), in_dtype(expected[i], DType::kFloat32), depth);
        int64_t first = 0;
        for (const StepSequence& sequence : alone.table(test.steps[i])) {
          const auto own = [&](const Tensor& rows) { return part(rows, first, sequence.tokens); };
          const Step step{own(steps[i].query), own(steps[i].key), own(steps[i].value)};
          const Tensor result = run(cached_attention, context, std::span(&sequence, 1), step, sinks, parameters);
          ASSERT_TRUE(std::ranges::equal(bytes_of(result), bytes_of(own(actual)))) << "tokens from " << first;
          first += sequence.tokens;
        }
      }
    });
  }
}

TEST(CachedAttention, RefusesATableOfOtherTokens) {
  TestContext test(1);
  const Tensor rows = counting<float>({3, 2, 8});
  KeyValueCache first;
  KeyValueCache second;
  const auto attend = [&](int64_t one, int64_t other) {
    const std::array table{StepSequence{&first, one}, StepSequence{&second, other}};
    KernelContext context = test.get();
    context.sequences = table;
    return cached_attention(context, rows, rows, rows, {}, {});
  };
  expect_refused(attend(2, 2), "the step has 3 tokens, its 2 sequences have 4");
  expect_refused(attend(4, StepSequence::kAllTokens), "a sequence of -1 tokens");
  EXPECT_EQ(first.pending(), 0);
}

Tensor normal_numbers(std::mt19937& random, const std::vector<int64_t>& shape) {
  const Tensor made = *Tensor::empty(DType::kFloat32, shape);
  std::normal_distribution<float> values;
  std::generate_n(made.data_as<float>(), made.element_count(), [&] { return values(random); });
  return made;
}

/// The norm of the difference, relative to that of `expected`.
double relative_error(const Tensor& actual, const Tensor& expected) {
  const std::vector<float> a = elements(actual);
  const std::vector<float> e = elements(expected);
  double difference = 0;
  double norm = 0;
  for (size_t i = 0; i < e.size(); ++i) {
    difference += std::pow(a[i] - e[i], 2);
    norm += std::pow(e[i], 2);
  }
  return std::sqrt(difference / norm);
}

TEST(CachedAttention, RoundedKeysAndValuesGiveNearlyTheSame) {
  for (const auto& [kept, most] :
       {std::pair{DType::kFloat32, 1e-6}, {DType::kBFloat16, 0x1p-8}, {DType::kInt8, 0.01}}) {
    for (const int64_t depth : {32, 64, 128, 256}) {
      SCOPED_TRACE(std::string(dtype_name(kept)) + " of depth " + std::to_string(depth));
      std::mt19937 random(7);
      const Tensor query = normal_numbers(random, {50, 4, depth});
      const Tensor key = normal_numbers(random, {50, 2, depth});
      const Tensor value = normal_numbers(random, {50, 2, depth});
      const CachedAttentionParameters parameters{.scale = 1 / std::sqrt(static_cast<double>(depth))};
      TestContext test(2);
      KernelContext context = test.get();
      const auto expected = reference::cached_attention(context, query, key, value, {}, parameters);
      KeyValueCache cache(kept);
      const StepSequence sequence{.cache = &cache};
      context.sequences = std::span(&sequence, 1);
      const auto actual = cached_attention(context, query, key, value, {}, parameters);
      ASSERT_TRUE(expected.ok() && actual.ok());
      const double error = relative_error(*actual, *expected);
      EXPECT_LE(error, most);
      EXPECT_EQ(error > 1e-5, kept != DType::kFloat32);
    }
  }
}

TEST(CachedAttention, ALongSequenceThroughAWindowTakesBoundedMemory) {
  constexpr int64_t kTokens = 4000;
  constexpr int64_t kWindow = 300;
  constexpr int64_t kStep = 80;
  constexpr int64_t kRowBytes = 2 * 8 * 4;  // keys and values of 8 floats
  constexpr int64_t kBound = (kWindow + KeyValueCache::kTokensToGoBack + kStep) / CachePage::kTokens + 2;
  Draw draw(5);
  const Case c{2, 1, 8, {}};
  const Step whole = draw_step(draw, c, kTokens);
  TestContext test(2);
  KernelContext context = test.get();
  const CachedAttentionParameters parameters{.window = kWindow};
  const auto expected = cached_attention(context, whole.query, whole.key, whole.value, {}, parameters);
  ASSERT_TRUE(expected.ok());
  KeyValueCache cache;
  const StepSequence sequence{.cache = &cache};
  context.sequences = std::span(&sequence, 1);
  const auto part = [](const Tensor& rows, int64_t first, int64_t count) {
    return *Tensor::view(rows.storage(), rows.dtype(), std::array{count, rows.size(1), rows.size(2)}, rows.strides(),
                         rows.offset() + first * rows.stride(0));
  };
  for (int64_t first = 0; first < kTokens; first += kStep) {
    const auto actual = cached_attention(context, part(whole.query, first, kStep), part(whole.key, first, kStep),
                                         part(whole.value, first, kStep), {}, parameters);
    ASSERT_TRUE(actual.ok()) << actual.status().message();
    expect_close(*actual, part(*expected, first, kStep), 1000);
    EXPECT_LE(cache.byte_count(), static_cast<size_t>(kBound * CachePage::kTokens * kRowBytes));
    cache.commit();
  }
  const CachedAttentionParameters wide{.window = 2000};
  const Step one = draw_step(draw, c, 1);
  expect_refused(cached_attention(context, one.query, one.key, one.value, {}, wide), "gave back");
}

TEST(CachedAttention, RefusesOperandsThatDoNotFit) {
  TestContext context(1);
  const Tensor four = counting<float>({3, 4, 8});
  const auto attend = [&](const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& sinks = {}) {
    return cached_attention(context.get(), query, key, value, sinks, {});
  };
  expect_refused(attend({}, four, four), "query is undefined");
  expect_refused(attend(counting<float>({3, 4}), four, four), "query is float32[3, 4]");
  expect_refused(attend(four, counting<float>({3, 3, 8}), four), "key is float32[3, 3, 8]");
  expect_refused(attend(four, four, counting<float>({2, 4, 8})), "value is float32[2, 4, 8]");
  expect_refused(attend(four, four, four, counting<float>({3})), "sinks are float32[3]");
  expect_refused(cached_attention(context.get(), four, four, four, {}, {.layer = -1}), "-1 is not a layer");
}

}  // namespace
}  // namespace hearth
