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

}  // namespace
}  // namespace hearth
