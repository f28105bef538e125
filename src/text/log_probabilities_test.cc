#include "text/log_probabilities.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace hearth {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(LogSumExp, IsTheLogarithmOfTheSum) {
  EXPECT_NEAR(log_sum_exp(std::vector{0.0F, 0.0F, 0.0F, 0.0F}), std::log(4.0), 1e-12);
  EXPECT_NEAR(log_sum_exp(std::vector{1.0F, -kInfinity, 2.0F}), std::log(std::exp(1.0) + std::exp(2.0)), 1e-6);
}

TEST(LogSumExp, SurvivesScoresThatOverflowAlone) {
  EXPECT_NEAR(log_sum_exp(std::vector{1000.0F, 1000.0F}), 1000 + std::log(2.0), 1e-9);
  EXPECT_NEAR(log_sum_exp(std::vector{-1000.0F, -1001.0F}), -1000 + std::log1p(std::exp(-1.0)), 1e-6);
}

TEST(LogSumExp, TellsThatThereIsNothingToChoose) {
  EXPECT_EQ(log_sum_exp(std::vector{-kInfinity, -kInfinity}), -kInfinity);
  EXPECT_TRUE(std::isnan(log_sum_exp(std::vector{1.0F, std::nanf("")})));
  EXPECT_TRUE(std::isnan(log_sum_exp(std::vector{std::nanf(""), 1.0F})));
}

TEST(LikeliestTokens, AreSortedAndOfEqualsTheLowerOneIsFirst) {
  const auto found = likeliest_tokens(std::vector{0.0F, std::log(2.0F), -kInfinity, 0.0F}, 3);
  ASSERT_EQ(found.size(), 3U);
  const std::vector<TokenLogProbability> expected{{1, std::log(0.5)}, {0, std::log(0.25)}, {3, std::log(0.25)}};
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(found[i].token, expected[i].token);
    EXPECT_NEAR(found[i].log_probability, expected[i].log_probability, 1e-6);
  }
}

TEST(LikeliestTokens, AreNoMoreThanThereAre) {
  EXPECT_EQ(likeliest_tokens(std::vector{1.0F, 2.0F}, 5).size(), 2U);
  EXPECT_TRUE(likeliest_tokens(std::vector{1.0F, 2.0F}, 0).empty());
}

}  // namespace
}  // namespace hearth
