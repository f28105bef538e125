#include "text/tokenizer/regex.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace hearth::tokenizer {
namespace {

using Matches = std::vector<std::pair<size_t, size_t>>;

Matches all_matches(std::string_view pattern, std::string_view text) {
  const Result<Regex> regex = Regex::compile(pattern);
  EXPECT_TRUE(regex.ok()) << regex.status().message();
  RegexSearch search(*regex);
  search.begin(text);
  Matches matches;
  while (true) {
    const auto match = search.next();
    EXPECT_TRUE(match.ok()) << match.status().message();
    if (!match.ok() || !*match) return matches;
    matches.emplace_back((*match)->begin, (*match)->end);
  }
}

TEST(Regex, FindsMatchesOneAfterTheOther) {
  EXPECT_EQ(all_matches("a+", "aab aé a"), (Matches{{0, 2}, {4, 5}, {8, 9}}));
  EXPECT_EQ(all_matches(" +(?!b)", "a   b"), (Matches{{1, 3}}));
  EXPECT_EQ(all_matches("a", ""), Matches());
}

TEST(Regex, TakesAnEmptyMatchOnlyWhereNoOtherEnds) {
  EXPECT_EQ(all_matches("b*", "abé"), (Matches{{0, 0}, {1, 2}, {4, 4}}));
}

TEST(Regex, RefusesWhatIsNoPattern) {
  const Result<Regex> regex = Regex::compile("a(");
  ASSERT_FALSE(regex.ok());
  EXPECT_EQ(regex.status().code(), StatusCode::kInvalidFile);
}

TEST(Regex, GivesUpWhereAPatternTakesForever) {
  const Result<Regex> regex = Regex::compile("(?:a|aa|aaa)+c");
  ASSERT_TRUE(regex.ok());
  const std::string text = std::string(200, 'a') + "bc";
  RegexSearch search(*regex);
  search.begin(text);
  EXPECT_FALSE(search.next().ok());
}

TEST(Regex, MatchesLongTextsWithoutAStack) {
  const std::string text(500'000, 'a');
  EXPECT_EQ(all_matches("(?:a|b)+", text), (Matches{{0, text.size()}}));
}

}  // namespace
}  // namespace hearth::tokenizer
