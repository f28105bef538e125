#include "text/grammar/matcher.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "text/grammar/gbnf.h"

namespace hearth {
namespace {

GrammarMatcher matcher_of(std::string_view gbnf) {
  const Result<Grammar> grammar = parse_gbnf(gbnf);
  EXPECT_TRUE(grammar.ok()) << grammar.status().message();
  Result<GrammarMatcher> matcher = GrammarMatcher::create(*grammar);
  EXPECT_TRUE(matcher.ok()) << matcher.status().message();
  return *std::move(matcher);
}

TokenTrie trie_of(const std::vector<std::string_view>& tokens) {
  Result<TokenTrie> trie = TokenTrie::create(tokens);
  EXPECT_TRUE(trie.ok()) << trie.status().message();
  return *std::move(trie);
}

std::set<std::string> allowed(GrammarMatcher& matcher, const std::vector<std::string_view>& tokens,
                              const MaskOptions& options = {}) {
  std::vector<uint64_t> bits((tokens.size() + 63) / 64);
  const Status status = matcher.mask(trie_of(tokens), options, bits);
  EXPECT_TRUE(status.ok()) << status.message();
  std::set<std::string> result;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if ((bits[i / 64] >> (i % 64) & 1) != 0) result.emplace(tokens[i]);
  }
  return result;
}

using Tokens = std::set<std::string>;

TEST(GrammarMatcher, AllowsTokensThatMayComeNext) {
  const std::vector<std::string_view> tokens{"a", "ab", "abc", "b", "c", "", "bc", "aa", "d"};
  GrammarMatcher matcher = matcher_of("root ::= \"a\" (\"b\" | \"bc\")? \"d\"");
  EXPECT_EQ(allowed(matcher, tokens), (Tokens{"a", "ab", "abc"}));
  ASSERT_TRUE(matcher.accept("a").ok());
  EXPECT_EQ(allowed(matcher, tokens), (Tokens{"b", "bc", "d"}));
  ASSERT_TRUE(matcher.accept("bc").ok());
  EXPECT_EQ(allowed(matcher, tokens), (Tokens{"d"}));
  EXPECT_FALSE(matcher.is_complete());
  ASSERT_TRUE(matcher.accept("d").ok());
  EXPECT_TRUE(matcher.is_complete());
  EXPECT_EQ(allowed(matcher, tokens), Tokens{});
}

TEST(GrammarMatcher, FollowsTokensOutOfRulesAndCounts) {
  const std::vector<std::string_view> tokens{"(", "((", ")", "))", ")))", "()", ")(", "x", "xx", "xxx", "x)", "xx)"};
  GrammarMatcher nested = matcher_of("root ::= list\nlist ::= \"(\" (list | \"x\"){2,3} \")\"");
  ASSERT_TRUE(nested.accept("((x").ok());
  EXPECT_EQ(allowed(nested, tokens), (Tokens{"(", "((", "x", "x)", "xx", "xx)"}));
  ASSERT_TRUE(nested.accept("x").ok());
  EXPECT_EQ(allowed(nested, tokens), (Tokens{"(", "((", ")", ")(", "x", "x)"}));
  EXPECT_EQ(nested.bytes_to_finish(), 3U);
  ASSERT_TRUE(nested.accept(")(xx)").ok());
  EXPECT_EQ(allowed(nested, tokens), (Tokens{"(", "((", ")", "x", "x)"}));
}

TEST(GrammarMatcher, CountsAtTheEndOfTheText) {
  const std::vector<std::string_view> tokens{"a", "aa", "aaa", "b"};
  GrammarMatcher matcher = matcher_of("root ::= \"b\" \"a\"{1,3}");
  ASSERT_TRUE(matcher.accept("b").ok());
  EXPECT_EQ(allowed(matcher, tokens), (Tokens{"a", "aa", "aaa"}));
  ASSERT_TRUE(matcher.accept("a").ok());
  EXPECT_EQ(allowed(matcher, tokens), (Tokens{"a", "aa"}));
}

TEST(GrammarMatcher, EndTokensAreAllowedWhenTheTextIsComplete) {
  const std::vector<std::string_view> tokens{"a", ""};
  const int64_t end[] = {1};
  GrammarMatcher matcher = matcher_of("root ::= \"a\"+");
  std::vector<uint64_t> bits(1);
  const TokenTrie trie = trie_of(tokens);
  ASSERT_TRUE(matcher.mask(trie, {.end_tokens = end}, bits).ok());
  EXPECT_EQ(bits[0], 1U);
  ASSERT_TRUE(matcher.accept("a").ok());
  ASSERT_TRUE(matcher.mask(trie, {.end_tokens = end}, bits).ok());
  EXPECT_EQ(bits[0], 3U);
  ASSERT_TRUE(matcher.mask(trie, {.end_tokens = end, .tokens_left = 0}, bits).ok());
  EXPECT_EQ(bits[0], 2U);
}

TEST(GrammarMatcher, LeavesRoomForTheEnd) {
  const std::vector<std::string_view> tokens{"a", "aa", "aaaa", "b", "!", "!!"};
  const std::string_view gbnf = "root ::= (\"a\" | \"b\" [0-9]{5} )* \"!!\"";
  GrammarMatcher matcher = matcher_of(gbnf);
  EXPECT_EQ(matcher.bytes_to_finish(), 2U);
  EXPECT_EQ(allowed(matcher, tokens), (Tokens{"a", "aa", "aaaa", "b", "!", "!!"}));
  EXPECT_EQ(allowed(matcher, tokens, {.tokens_left = 2}), (Tokens{"!", "!!"}));
  EXPECT_EQ(allowed(matcher, tokens, {.tokens_left = 3}), (Tokens{"a", "aa", "aaaa", "!", "!!"}));
  EXPECT_EQ(allowed(matcher, tokens, {.tokens_left = 8}), (Tokens{"a", "aa", "aaaa", "b", "!", "!!"}));
  EXPECT_EQ(allowed(matcher, tokens, {.bytes_left = 4}), (Tokens{"a", "aa", "!", "!!"}));
  std::vector<uint64_t> bits(1);
  EXPECT_EQ(matcher.mask(trie_of(tokens), {.tokens_left = 1}, bits).code(), StatusCode::kInvalidArgument);
}

TEST(GrammarMatcher, CopiesGoOnIndependently) {
  GrammarMatcher first = matcher_of("root ::= \"a\" (\"b\" | \"c\")");
  ASSERT_TRUE(first.accept("a").ok());
  GrammarMatcher second = first;
  EXPECT_TRUE(first.accept("b").ok());
  EXPECT_TRUE(second.accept("c").ok());
  EXPECT_TRUE(first.is_complete() && second.is_complete());
}

TEST(GrammarMatcher, CopiesMayBeUsedByDifferentThreads) {
  const TokenTrie trie = trie_of({"a", "b", "c", "ab", "bc", "cab"});
  const GrammarMatcher start = matcher_of("root ::= (\"a\" root | [bc]{1,9} \"a\")* \"c\"");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      GrammarMatcher matcher = start;
      std::vector<uint64_t> bits(1);
      for (int step = 0; step < 50; ++step) {
        EXPECT_TRUE(matcher.mask(trie, {.tokens_left = 100 + i}, bits).ok());
        EXPECT_TRUE(matcher.accept(step % 3 == 0 ? "bca" : "a").ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(GrammarMatcher, KeepsItsPlaceWhenBytesAreRefused) {
  GrammarMatcher matcher = matcher_of("root ::= \"abc\"");
  EXPECT_EQ(matcher.accept("ax").code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(matcher.accept("abc").ok());
  EXPECT_TRUE(matcher.is_complete());
}

TEST(GrammarMatcher, NestsAsDeepAsItCanFinish) {
  GrammarMatcher matcher = matcher_of("root ::= \"(\" root \")\" | \"x\"");
  int depth = 0;
  while (depth < 10000 && matcher.accept("(").ok()) ++depth;
  EXPECT_GT(depth, 500);
  EXPECT_LT(depth, 520);
  EXPECT_TRUE(matcher.accept("x").ok());
  EXPECT_TRUE(matcher.accept(std::string(static_cast<size_t>(depth), ')')).ok());
  EXPECT_TRUE(matcher.is_complete());
}

TEST(GrammarMatcher, FollowsListsOfAnyLength) {
  GrammarMatcher matcher = matcher_of("root ::= \"a\" \",\" root | \"a\"");
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "a,";
  EXPECT_TRUE(matcher.accept(text + "a").ok());
  EXPECT_TRUE(matcher.is_complete());
}

TEST(GrammarMatcher, GivesUpOnTooManyReadings) {
  GrammarMatcher matcher = matcher_of(R"(
root ::= one
one ::= "a" one "x" | "a" two "y" | "b"
two ::= "a" one "x" | "a" two "y" | "b")");
  EXPECT_EQ(matcher.accept(std::string(30, 'a')).code(), StatusCode::kFailed);
  EXPECT_TRUE(matcher.accept("aabxy").ok());
  EXPECT_TRUE(matcher.is_complete());
}

TEST(GrammarMatcher, FollowsAlternativesThatBeginAlikeAsOne) {
  GrammarMatcher matcher = matcher_of(R"gbnf(
root ::= product | product "+" root
product ::= atom | atom "*" product
atom ::= "x" | "(" root ")")gbnf");
  EXPECT_TRUE(matcher.accept(std::string(50, '(')).ok());
  EXPECT_TRUE(matcher.accept("x*x+x").ok());
  EXPECT_TRUE(matcher.accept(std::string(50, ')')).ok());
  EXPECT_TRUE(matcher.is_complete());
}

TEST(GrammarMatcher, RefusesGrammarsThatLeadNowhere) {
  const struct {
    std::string_view gbnf;
    std::string_view message;
  } cases[] = {
      {"root ::= \"a\" root", "rule 'root' cannot end"},
      {"root ::= \"a\" | b\nb ::= \"b\" b", "rule 'b' cannot end"},
      {"root ::= root \"a\" | \"a\"", "'root' may begin with itself"},
      {"root ::= b?\nb ::= c* d | \"x\" \nc ::= \"c\"\nd ::= b \"d\"", "may begin with itself"},
      {"root ::= b{3}\nb ::= \"x\" b \"y\" | \"\"", "counts turns of what may be empty"},
      {"root ::= [^\\x00-\\U0010FFFF]", "cannot end"},
  };
  for (const auto& each : cases) {
    const Result<Grammar> grammar = parse_gbnf(each.gbnf);
    ASSERT_TRUE(grammar.ok()) << grammar.status().message();
    const Result<GrammarMatcher> matcher = GrammarMatcher::create(*grammar);
    ASSERT_FALSE(matcher.ok()) << each.gbnf;
    EXPECT_NE(matcher.status().message().find(each.message), std::string::npos) << matcher.status().message();
  }
}

TEST(GrammarMatcher, SaysWhatAMaskNeeds) {
  GrammarMatcher matcher = matcher_of("root ::= \"a\"");
  const TokenTrie trie = trie_of({"a"});
  std::vector<uint64_t> bits(2);
  EXPECT_EQ(matcher.mask(trie, {}, bits).code(), StatusCode::kInvalidArgument);
  const int64_t outside[] = {1};
  bits.resize(1);
  EXPECT_EQ(matcher.mask(trie, {.end_tokens = outside}, bits).code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace hearth
