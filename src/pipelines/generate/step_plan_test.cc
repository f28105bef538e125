#include "pipelines/generate/step_plan.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace hearth {
namespace {

TEST(StepPlan, CutsPromptsIntoPartsThatAreNotTooShort) {
  struct Case {
    int64_t unread, room, most, expected;
  };
  constexpr Case kCases[] = {
      {5, 512, 512, 5},      {512, 512, 512, 512}, {513, 512, 512, 497}, {2000, 512, 512, 512},
      {2000, 100, 512, 100}, {2000, 15, 512, 0},   {40, 20, 512, 20},    {40, 30, 512, 24},
      {25, 24, 512, 0},      {5, 4, 4, 3},         {1000000, 1, 1, 1},   {3, 0, 512, 0},
  };
  for (const Case& test : kCases) {
    EXPECT_EQ(tokens_to_read(test.unread, test.room, test.most), test.expected) << test.unread << ", " << test.room;
  }
}

TEST(StepPlan, NextTokensComeBeforePrompts) {
  using Tokens = std::vector<int64_t>;
  struct Case {
    Tokens unread;
    int64_t most;
    Tokens expected;
  };
  const Case kCases[] = {
      {{1, 1, 1}, 64, {1, 1, 1}},       {{100, 1, 1}, 64, {62, 1, 1}},
      {{100, 200}, 64, {64, 0}},        {{30, 200, 1}, 64, {30, 33, 1}},
      {{50, 20, 1}, 64, {50, 0, 1}},    {{50, 10, 1}, 64, {50, 10, 1}},
      {{1, 1, 1, 40}, 2, {1, 1, 0, 0}}, {{}, 64, {}},
  };
  for (const Case& test : kCases) EXPECT_EQ(plan_step(test.unread, test.most), test.expected);
}

TEST(StepPlan, EverySequenceIsReadToItsEnd) {
  std::mt19937 random(1);
  const auto draw = [&](int64_t least, int64_t most) { return std::uniform_int_distribution(least, most)(random); };
  for (int i = 0; i < 1000; ++i) {
    const int64_t most = draw(1, 80);
    std::vector<int64_t> unread(static_cast<size_t>(draw(1, 5)));
    for (int64_t& tokens : unread) tokens = draw(1, 200);
    while (!unread.empty()) {
      const std::vector<int64_t> tokens = plan_step(unread, most);
      const int64_t sum = std::accumulate(tokens.begin(), tokens.end(), int64_t{0});
      ASSERT_GT(sum, 0);
      ASSERT_LE(sum, most);
      for (size_t s = 0; s < unread.size(); ++s) unread[s] -= tokens[s];
      ASSERT_GE(*std::min_element(unread.begin(), unread.end()), 0);
      std::erase(unread, 0);
    }
  }
}

}  // namespace
}  // namespace hearth
