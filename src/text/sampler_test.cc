#include "text/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

namespace hearth {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Scores whose softmax is 0.4, 0.3, 0.2, 0.1 for tokens 1, 3, 0, 2.
const std::vector<float> kScores{std::log(0.2F), std::log(0.4F), std::log(0.1F), std::log(0.3F)};

Sampler sampler(const SamplingOptions& options) {
  Result<Sampler> made = Sampler::create(options, 4);
  EXPECT_TRUE(made.ok()) << made.status().message();
  return *std::move(made);
}

/// How often each token comes in a thousand draws, none influencing the next.
std::vector<int> frequencies(const SamplingOptions& options, const std::vector<float>& scores = kScores) {
  Sampler drawing = sampler(options);
  std::vector<int> counts(4);
  for (int i = 0; i < 1000; ++i) {
    const Result<int64_t> token = drawing.next(scores);
    EXPECT_TRUE(token.ok());
    ++counts[static_cast<size_t>(*token)];
  }
  return counts;
}

std::set<int64_t> drawn(const SamplingOptions& options) {
  std::set<int64_t> tokens;
  const std::vector<int> counts = frequencies(options);
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) tokens.insert(static_cast<int64_t>(i));
  }
  return tokens;
}

TEST(Sampler, TakesTheMostProbableTokenWithoutATemperature) {
  EXPECT_EQ(*sampler({}).next(kScores), 1);
  EXPECT_EQ(*sampler({}).next(std::vector<float>{1, 2, 2, 0}), 1);
  EXPECT_EQ(*sampler({}).next(std::vector<float>{NAN, -kInfinity, 2, 0}), 2);
}

TEST(Sampler, DrawsTokensByTheirProbability) {
  const std::vector<int> counts = frequencies({.temperature = 1, .seed = 7});
  const int expected[] = {200, 400, 100, 300};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(counts[i], expected[i], 50) << i;
  EXPECT_EQ(frequencies({.temperature = 1, .seed = 7}), counts);
  EXPECT_NE(frequencies({.temperature = 1, .seed = 8}), counts);
  EXPECT_EQ(frequencies({.temperature = 1e-300})[1], 1000);
  EXPECT_EQ(frequencies({.temperature = 1}, {0, kInfinity, 1, NAN})[1], 1000);
  // 0.4² of 0.3, the sum of the squares.
  EXPECT_NEAR(frequencies({.temperature = 0.5})[1], 533, 50);
}

TEST(Sampler, LeavesOnlySomeTokens) {
  using Tokens = std::set<int64_t>;
  EXPECT_EQ(drawn({.temperature = 1, .top_k = 2}), (Tokens{1, 3}));
  EXPECT_EQ(drawn({.temperature = 1, .top_k = 9}), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(drawn({.temperature = 1, .top_p = 0.65}), (Tokens{1, 3}));
  EXPECT_EQ(drawn({.temperature = 1, .top_p = 0.39}), (Tokens{1}));
  EXPECT_EQ(drawn({.temperature = 1, .min_p = 0.45}), (Tokens{0, 1, 3}));
  // Surprises 1.61, 0.92, 2.30 and 1.20; 1.28 are expected.
  EXPECT_EQ(drawn({.temperature = 1, .typical_p = 0.25}), (Tokens{3}));
  EXPECT_EQ(drawn({.temperature = 1, .typical_p = 0.45}), (Tokens{0, 3}));
  EXPECT_EQ(drawn({.temperature = 1, .top_k = 3, .top_p = 0.7}), (Tokens{1, 3}));
  EXPECT_EQ(drawn({.temperature = 1, .logit_bias = {{1, -HUGE_VAL}, {2, -HUGE_VAL}}}), (Tokens{0, 3}));
}

TEST(Sampler, PenalisesWhatWasThere) {
  // A prompt counts for repetition, not for presence and frequency.
  Sampler repeating = sampler({.repetition_penalty = 2});
  repeating.begin(std::vector<int64_t>{1});
  EXPECT_EQ(*repeating.next(std::vector<float>{1, 1.5, 0, 0}), 0);
  EXPECT_EQ(*repeating.next(std::vector<float>{-1, -1.5, -1.8F, -9}), 2);

  Sampler present = sampler({.presence_penalty = 1});
  present.begin(std::vector<int64_t>{1});
  const std::vector<float> scores{1, 1.5, 0, 0.7F};
  EXPECT_EQ(*present.next(scores), 1);
  EXPECT_EQ(*present.next(scores), 0);
  EXPECT_EQ(*present.next(scores), 3);
  EXPECT_EQ(*present.next(scores), 1);

  Sampler frequent = sampler({.frequency_penalty = 0.3});
  const std::vector<float> two{1, 1.5, -9, -9};
  for (const int64_t expected : {1, 1, 0, 1}) EXPECT_EQ(*frequent.next(two), expected);
}

void expect_refused(const SamplingOptions& options, std::string_view message) {
  const Result<Sampler> made = Sampler::create(options, 4);
  ASSERT_FALSE(made.ok()) << message;
  EXPECT_NE(made.status().message().find(message), std::string::npos) << made.status().message();
}

TEST(Sampler, SaysWhatMakesNoSense) {
  expect_refused({.temperature = -1}, "temperature is -1");
  expect_refused({.temperature = NAN}, "temperature is nan");
  expect_refused({.top_k = -1}, "top_k is -1");
  expect_refused({.top_p = 0}, "top_p is 0");
  expect_refused({.min_p = 1.5}, "min_p is 1.5");
  expect_refused({.typical_p = 2}, "typical_p is 2");
  expect_refused({.repetition_penalty = 0}, "repetition_penalty is 0");
  expect_refused({.logit_bias = {{4, 1}}}, "4 is not a token");
  expect_refused({.logit_bias = {{0, HUGE_VAL}}}, "logit_bias is inf");
  const std::vector<float> nothing{NAN, NAN, -kInfinity, -kInfinity};
  EXPECT_EQ(sampler({}).next(nothing).status().code(), StatusCode::kFailed);
  EXPECT_EQ(sampler({.temperature = 1}).next(nothing).status().code(), StatusCode::kFailed);
}

}  // namespace
}  // namespace hearth
