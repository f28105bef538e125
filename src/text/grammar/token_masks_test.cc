// Masks against the matcher itself: a token is allowed when its bytes are, and when the rest fits the limits.
#include "text/grammar/token_masks.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "text/grammar/gbnf.h"
#include "text/grammar/json_schema.h"
#include "text/grammar/json_text.h"
#include "text/grammar/matcher.h"
#include "text/grammar/regex.h"

namespace hearth {
namespace {

std::vector<std::string> make_vocabulary() {
  std::mt19937_64 random(5);
  std::set<std::string> tokens;
  const std::string_view common = "{}[]\"\":,,.-0123456789 abctruefalsn()xy*+\\\xC3\xA9";
  for (int i = 0; i < 256; ++i) tokens.emplace(1, static_cast<char>(i));
  while (tokens.size() < 1500) {
    std::string token;
    for (uint64_t left = 2 + random() % 6; left > 0; --left) token += common[random() % common.size()];
    tokens.insert(token);
  }
  return {tokens.begin(), tokens.end()};
}

class MaskCheck {
 public:
  MaskCheck() : vocabulary_(make_vocabulary()), trie_(make_trie(vocabulary_)) {}

  /// Goes a random way through a grammar and compares each mask with what the matcher accepts.
  void follow(const Grammar& grammar, uint64_t seed, int64_t tokens_left) {
    Result<GrammarMatcher> made = GrammarMatcher::create(grammar);
    ASSERT_TRUE(made.ok()) << made.status().message();
    GrammarMatcher matcher = *std::move(made);
    std::mt19937_64 random(seed);
    tokens_left += static_cast<int64_t>(matcher.bytes_to_finish());
    std::string text;
    for (int step = 0; step < 25; ++step, --tokens_left) {
      const std::vector<size_t> allowed = compare(matcher, tokens_left, text);
      if (allowed.empty() || testing::Test::HasFatalFailure()) return;
      const std::string& token = vocabulary_[allowed[random() % allowed.size()]];
      ASSERT_TRUE(matcher.accept(token).ok());
      text += token;
    }
  }

 private:
  static TokenTrie make_trie(const std::vector<std::string>& vocabulary) {
    return *TokenTrie::create(std::vector<std::string_view>(vocabulary.begin(), vocabulary.end()));
  }

  std::vector<size_t> compare(GrammarMatcher& matcher, int64_t tokens_left, const std::string& text) {
    std::vector<uint64_t> bits((vocabulary_.size() + 63) / 64);
    const Status status = matcher.mask(trie_, {.tokens_left = tokens_left}, bits);
    EXPECT_TRUE(status.ok()) << text << ": " << status.message();
    std::vector<size_t> allowed;
    for (size_t i = 0; i < vocabulary_.size(); ++i) {
      GrammarMatcher copy = matcher;
      const bool fits = copy.accept(vocabulary_[i]).ok() && static_cast<int64_t>(copy.bytes_to_finish()) < tokens_left;
      const bool bit = (bits[i / 64] >> (i % 64) & 1) != 0;
      EXPECT_EQ(bit, fits) << '\'' << text << "' and then '" << vocabulary_[i] << '\'';
      if (bit != fits) return {};
      if (bit) allowed.push_back(i);
    }
    return allowed;
  }

  std::vector<std::string> vocabulary_;
  TokenTrie trie_;
};

TEST(TokenMasks, AllowExactlyTheTokensThatAreAccepted) {
  MaskCheck check;
  const std::vector<Result<Grammar>> grammars{
      json_grammar(JsonRoot::kValue),
      parse_gbnf(
          "root ::= sum\nsum ::= atom ([+*] atom){0,3}\natom ::= [a-cxyé]{1,2} | \"(\" sum \")\" | \"[\" root \"]\""),
      parse_gbnf("root ::= (\"a\" root \"b\" | \"x\"{2,5} | [0-9]{3})* \"y\""),
      regex_grammar("(a|ab|abc)*[^a]{2,4}(\\d{1,3},){2}"),
      parse_json_schema(R"({"type": "array", "maxItems": 3, "items": {"type": "object", "additionalProperties": false,
          "properties": {"a": {"type": "string", "maxLength": 4}, "b": {"type": "number", "minimum": 0.5, "maximum": 12},
          "c": {"type": "array", "items": {"$ref": "#"}}}}})"),
      parse_json_schema(R"({"type": "object", "propertyNames": {"pattern": "^[a-c]+$"}, "maxProperties": 3})"),
  };
  for (const Result<Grammar>& grammar : grammars) {
    ASSERT_TRUE(grammar.ok()) << grammar.status().message();
    for (uint64_t seed = 0; seed < 3; ++seed) {
      check.follow(*grammar, seed, 100'000);
      check.follow(*grammar, seed, 12);
      check.follow(*grammar, seed, 0);
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace hearth
