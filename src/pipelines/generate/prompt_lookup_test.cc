#include "pipelines/generate/prompt_lookup.h"

#include <gtest/gtest.h>

#include <vector>

namespace hearth {
namespace {

using Tokens = std::vector<int64_t>;

struct Case {
  const char* name;
  Tokens sequence;
  size_t most;
  Tokens guess;
};

TEST(PromptLookup, GuessesWhatFollowedTheSameTokens) {
  const std::vector<Case> cases{
      {"what came before", {1, 2, 3, 4, 9, 1, 2}, 2, {3, 4}},
      {"no more than asked for", {1, 2, 3, 4, 9, 1, 2}, 1, {3}},
      {"up to the end", {1, 2, 3, 1, 2}, 9, {3, 1, 2}},
      {"the latest place", {1, 2, 3, 1, 2, 4, 1, 2}, 1, {4}},
      {"the longest match rather than the latest", {5, 1, 2, 3, 6, 1, 2, 4, 5, 1, 2}, 1, {3}},
      {"a repeated token", {7, 7, 7}, 4, {7}},
      {"one token alone is no match", {1, 2, 1}, 4, {}},
      {"nothing came before", {1, 2, 3, 4}, 4, {}},
      {"nothing at all", {}, 4, {}},
      {"none asked for", {1, 2, 3, 1, 2}, 0, {}},
  };
  for (const Case& c : cases) {
    const auto guess = look_up(c.sequence, c.most);
    EXPECT_EQ(Tokens(guess.begin(), guess.end()), c.guess) << c.name;
  }
}

}  // namespace
}  // namespace hearth
