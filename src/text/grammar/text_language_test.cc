#include "text/grammar/text_language.h"

#include <gtest/gtest.h>

#include <string>

#include "text/grammar/matcher.h"

namespace hearth {
namespace {

ExpressionId plain(Grammar& grammar, const CodePointSet& set) { return grammar.character(set); }

Regex regex(std::string_view pattern) { return *parse_regex(pattern, RegexMeaning::kWhole); }

bool contains(const TextLanguage& language, std::string_view text) {
  Grammar grammar;
  const RuleId rule = grammar.add_rule("text");
  const Result<ExpressionId> expression = add_language(grammar, language, "text", plain);
  EXPECT_TRUE(expression.ok()) << expression.status().message();
  if (!expression.ok() || grammar.is_nothing(*expression)) return false;
  grammar.define(rule, *expression);
  GrammarMatcher matcher = *GrammarMatcher::create(grammar);
  return matcher.accept(text).ok() && matcher.is_complete();
}

TEST(TextLanguage, HoldsAllConditions) {
  const TextLanguage language{.required = {regex("[ab]*"), regex("(..)*"), regex_of_length(2, 5)},
                              .excluded = {regex(".*bb.*"), regex_of_texts({"abab", ""})}};
  for (const char* text : {"aa", "ab", "ba", "aaba", "baba"}) EXPECT_TRUE(contains(language, text)) << text;
  for (const char* text : {"", "a", "aaa", "abba", "abab", "ac", "aaaaaa"})
    EXPECT_FALSE(contains(language, text)) << text;
}

TEST(TextLanguage, WithoutRequirementsAllIsAllowedThatIsNotExcluded) {
  const TextLanguage language{.required = {}, .excluded = {regex_of_texts({"name", "né"})}};
  for (const char* text : {"", "nam", "names", "n", "né!", "日本"}) EXPECT_TRUE(contains(language, text)) << text;
  for (const char* text : {"name", "né"}) EXPECT_FALSE(contains(language, text)) << text;
}

TEST(TextLanguage, ContradictionsLeaveNothing) {
  EXPECT_FALSE(contains({.required = {regex("a+"), regex("b+")}, .excluded = {}}, "a"));
  EXPECT_FALSE(contains({.required = {regex("a+")}, .excluded = {regex("a*")}}, "a"));
}

TEST(TextLanguage, RefusesWhatIsTooComplex) {
  Grammar grammar;
  const TextLanguage counted{.required = {regex("(a|b)*a(a|b){40}"), regex("[ab]*")}, .excluded = {}};
  EXPECT_EQ(add_language(grammar, counted, "text", plain).status().code(), StatusCode::kInvalidArgument);
  const TextLanguage longest{.required = {regex("a{100000}"), regex("a*")}, .excluded = {}};
  EXPECT_EQ(add_language(grammar, longest, "text", plain).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace hearth
