#include "text/tokenizer/splitting.h"

#include <gtest/gtest.h>

namespace hearth::tokenizer {
namespace {

/// "a--b-" with a place to split at each dash, in words joined by "|".
std::string split(std::string_view text, SplitBehavior behavior) {
  std::vector<Stretch> stretches;
  for (size_t i = 0; i < text.size(); ++i) stretches.push_back({i, i + 1, text[i] == '-'});
  std::vector<Word> words;
  append_split({0, text.size(), true}, stretches, behavior, words);
  std::string joined;
  for (const Word& word : words) {
    EXPECT_EQ(word.first, word.begin == 0);
    joined.append(joined.empty() ? "" : "|").append(text.substr(word.begin, word.end - word.begin));
  }
  return joined;
}

TEST(Splitting, DoesWithThePlacesWhatTheBehaviorSays) {
  struct Case {
    SplitBehavior behavior;
    std::string_view inner;
    std::string_view outer;
  };
  const Case cases[] = {{SplitBehavior::kRemoved, "a|b", "a"},
                        {SplitBehavior::kIsolated, "a|-|-|b|-", "-|-|a|-"},
                        {SplitBehavior::kMergedWithPrevious, "a-|-|b-", "-|-|a-"},
                        {SplitBehavior::kMergedWithNext, "a|-|-b|-", "-|-a|-"},
                        {SplitBehavior::kContiguous, "a|--|b|-", "--|a|-"}};
  for (const Case& c : cases) {
    EXPECT_EQ(split("a--b-", c.behavior), c.inner);
    EXPECT_EQ(split("--a-", c.behavior), c.outer);
    EXPECT_EQ(split("", c.behavior), "");
  }
}

}  // namespace
}  // namespace hearth::tokenizer
