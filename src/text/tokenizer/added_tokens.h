#pragma once

#include <span>
#include <vector>

#include "text/tokenizer/characters.h"
#include "text/tokenizer/vocabulary.h"

namespace hearth::tokenizer {

/// A part of a text, in bytes: a token that was found in it, or text between such.
struct Section {
  size_t begin;
  size_t end;
  std::optional<uint32_t> token;
};

/// A part of a text in which special tokens are recognised.
struct TrustedRange {
  size_t begin;
  size_t end;
};

/// Tokens that are found in a text before the model sees it. Immutable, used in place.
class AddedTokens {
 public:
  /// `vocabulary` outlives it.
  static Result<AddedTokens> read(TableReader& reader, const Vocabulary& vocabulary);

  /// The number of an added token's text.
  std::optional<uint32_t> find(std::string_view text) const { return contents_.find(text); }
  /// Cuts a valid text at the tokens that are looked for in the text as it came. Special tokens are found only where
  /// all their bytes lie in one of the ranges, which are ascending and do not touch each other.
  std::vector<Section> find_raw(std::string_view text, std::span<const TrustedRange> trusted) const {
    return find_all(raw_, text, trusted);
  }
  /// The same for tokens that are looked for in the normalised text.
  std::vector<Section> find_normalized(std::string_view text, std::span<const TrustedRange> trusted) const {
    return find_all(normalized_, text, trusted);
  }
  bool has_special_normalized() const { return has_special_normalized_; }

 private:
  explicit AddedTokens(const Vocabulary& vocabulary) : vocabulary_(&vocabulary) {}
  std::vector<Section> find_all(const Trie& texts, std::string_view text, std::span<const TrustedRange> trusted) const;
  std::optional<Section> longest_at(const Trie& texts, std::string_view text, size_t begin,
                                    std::span<const TrustedRange> trusted) const;
  bool is_single_word(std::string_view text, const Section& match) const;

  const Vocabulary* vocabulary_;
  Trie contents_;
  Trie raw_;
  Trie normalized_;
  bool has_special_normalized_ = false;
  CharacterSet word_characters_;
};

}  // namespace hearth::tokenizer
