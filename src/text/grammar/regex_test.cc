#include "text/grammar/regex.h"

#include <gtest/gtest.h>

#include <string>

#include "text/grammar/matcher.h"

namespace hearth {
namespace {

bool matches(std::string_view pattern, std::string_view text) {
  const Result<Grammar> grammar = regex_grammar(pattern);
  EXPECT_TRUE(grammar.ok()) << pattern << ": " << grammar.status().message();
  if (!grammar.ok()) return false;
  Result<GrammarMatcher> matcher = GrammarMatcher::create(*grammar);
  EXPECT_TRUE(matcher.ok()) << pattern << ": " << matcher.status().message();
  return matcher.ok() && matcher->accept(text).ok() && matcher->is_complete();
}

TEST(Regex, MatchesWholeTexts) {
  const struct {
    std::string_view pattern;
    std::string_view text;
    bool match;
  } cases[] = {
      {"", "", true},
      {"abc", "abc", true},
      {"abc", "abcd", false},
      {"a|bc|", "bc", true},
      {"a|bc|", "", true},
      {"[a-cx]+", "abcx", true},
      {"[^a-c]", "b", false},
      {"[^a-c]", "é", true},
      {"[^]", "\n", true},
      {"[a-]", "-", true},
      {"\\d{2,3}", "12", true},
      {"\\d{2,3}", "1234", false},
      {"\\d{2,}", "123456", true},
      {"(?:ab){2}", "abab", true},
      {"(?<year>\\d{4})-\\d+?", "2026-1", true},
      {"a.c", "a\nc", false},
      {"a.c", "a😀c", true},
      {"^(a|b)$", "a", true},
      {"^a$|^b$", "b", true},
      {"\\u00e9\\x41\\u{1F600}\\ud83d\\ude00", "éA😀😀", true},
      {"\\t\\.\\/[\\b]", "\t./\b", true},
      {"\\w\\W\\s\\S", "_- x", true},
      {"(a?){3}", "aa", true},
      {"(a*)*b", "aab", true},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(matches(each.pattern, each.text), each.match) << each.pattern << " on " << each.text;
  }
}

TEST(Regex, NamesWhatIsWrong) {
  const struct {
    std::string_view pattern;
    std::string_view message;
  } cases[] = {
      {"a(b", "character 3: ')' is needed"},
      {"a)", "')' without '('"},
      {"*a", "'*' has nothing to repeat"},
      {"a**", "'*' has nothing to repeat"},
      {"[a", "']' is needed"},
      {"[\\d-x]", "no beginning or end"},
      {"[z-a]", "no beginning or end"},
      {"a{3,2}", "most is less than its least"},
      {"a{2", "'}' is needed"},
      {"a{9999999}", "a number up to a million"},
      {"}", "stands alone"},
      {"(?=a)", "looking ahead"},
      {"(?<!a)", "looking ahead or behind"},
      {"(a)\\1", "'\\1' is not supported"},
      {"a\\b", "'\\b' is not supported"},
      {"\\p{L}", "'\\p' is not supported"},
      {"\\ud800", "the digits are of no character"},
      {"\\u{110000}", "the digits are of no character"},
      {"a^b", "at the ends of its alternatives only"},
      {"(a$)*", "at the ends of its alternatives only"},
      {"\\", "nothing follows"},
      {"\xff", "no valid UTF-8"},
  };
  for (const auto& each : cases) {
    const Result<Grammar> grammar = regex_grammar(each.pattern);
    ASSERT_FALSE(grammar.ok()) << each.pattern;
    EXPECT_NE(grammar.status().message().find(each.message), std::string::npos) << grammar.status().message();
  }
  EXPECT_FALSE(regex_grammar(std::string(70000, 'a')).ok());
  EXPECT_FALSE(regex_grammar(std::string(1000, '(')).ok());
}

}  // namespace
}  // namespace hearth
