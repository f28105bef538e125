#pragma once

#include <memory>
#include <vector>

#include "text/tokenizer/vocabulary.h"

namespace hearth::tokenizer {

using TokenIds = std::vector<int64_t>;

/// Memory that a model works in, kept from word to word. For one thread.
class WordScratch {
 public:
  virtual ~WordScratch() = default;
};

/// Turns words into tokens. Immutable: any thread may ask it.
class WordModel {
 public:
  /// The model that a table describes; the vocabulary outlives it.
  static Result<std::unique_ptr<const WordModel>> read(TableReader& reader, const Vocabulary& vocabulary);

  virtual ~WordModel() = default;
  virtual std::unique_ptr<WordScratch> make_scratch() const { return nullptr; }
  /// Appends the tokens of a word, valid UTF-8 and not empty. `scratch` comes from make_scratch() of this model.
  /// kInvalidArgument when there are none and the model has no token for what is unknown.
  virtual Status append_tokens(std::string_view word, WordScratch* scratch, TokenIds& ids) const = 0;
};

/// A token's number in a table, or nothing: for what is unknown.
using OptionalToken = std::optional<uint32_t>;
/// kInvalidFile when the number is no token's.
Result<OptionalToken> read_optional_token(TableReader& reader, const Vocabulary& vocabulary);
/// What append_tokens() answers when it needs a token for what is unknown and there is none.
Status no_unknown_token(std::string_view word);

/// The tokens that stand for single bytes, when a model has them all the same way: "<0x00>" to "<0xFF>".
class ByteTokens {
 public:
  explicit ByteTokens(const Vocabulary& vocabulary);
  /// Appends the tokens of all bytes, or none when one has no token.
  bool append(std::string_view bytes, std::vector<uint32_t>& ids) const;

 private:
  std::array<OptionalToken, 256> tokens_;
};

}  // namespace hearth::tokenizer
