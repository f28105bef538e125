#pragma once

#include "text/tokenizer/string_list.h"
#include "text/tokenizer/trie.h"

namespace hearth::tokenizer {

/// What a table says of a token, as bits.
enum TokenFlag : unsigned char {
  kExists = 1,  ///< The number belongs to a token.
  kSpecial = 2,
  kWhole = 4,        ///< The model makes just this token of the token's own text.
  kLeftStrip = 8,    ///< Takes the white space before it along …
  kRightStrip = 16,  ///< … and after it.
  kSingleWord = 32,  ///< Is none when a letter or digit stands right before or after it.
};

/// The tokens, and the model's way from text to token. Used in place, immutable.
class Vocabulary {
 public:
  static Result<Vocabulary> read(TableReader& reader);

  size_t size() const { return texts_.size(); }
  std::string_view text(uint32_t id) const { return texts_[id]; }
  bool has(uint32_t id, TokenFlag flag) const { return (flags_[id] & flag) != 0; }
  /// The texts of the model's own tokens; tokens that were added are not among them.
  const Trie& model_texts() const { return model_texts_; }

 private:
  StringList texts_;
  PackedArray<uint8_t> flags_;
  Trie model_texts_;
};

}  // namespace hearth::tokenizer
