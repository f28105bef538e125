#pragma once

#include <memory>
#include <span>
#include <vector>

#include "hearth/generate.h"
#include "text/grammar/matcher.h"
#include "text/grammar/token_trie.h"
#include "text/tokenizer/tokenizer.h"

namespace hearth {

/// The bytes of a vocabulary's tokens as a tree; special tokens have none. `vocabulary_size` may be larger than the
/// tokenizer's.
Result<TokenTrie> token_trie(const Tokenizer& tokenizer, int64_t vocabulary_size);

/// Keeps one generation to a grammar.
class Constraint {
 public:
  /// kInvalidArgument says what is wrong with the form. The trie outlives the object.
  static Result<Constraint> create(const OutputForm& form, const TokenTrie& trie, std::span<const int64_t> end_tokens);

  /// Makes the scores of all tokens that may not come next -infinity. `tokens_left`: how many may still come, so that
  /// what is begun can be completed. False when no token may come: the text is complete.
  Result<bool> apply(int64_t tokens_left, std::span<float> scores);
  /// Takes a token that was chosen, which is no end.
  Status accept(std::string_view bytes) { return matcher_.accept(bytes); }

 private:
  Constraint(GrammarMatcher matcher, const TokenTrie& trie, std::span<const int64_t> end_tokens)
      : matcher_(std::move(matcher)),
        trie_(&trie),
        end_tokens_(end_tokens.begin(), end_tokens.end()),
        bits_((trie.vocabulary_size() + 63) / 64) {}

  GrammarMatcher matcher_;
  const TokenTrie* trie_;
  std::vector<int64_t> end_tokens_;
  std::vector<uint64_t> bits_;
};

}  // namespace hearth
