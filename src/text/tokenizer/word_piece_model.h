#pragma once

#include "text/tokenizer/word_model.h"

namespace hearth::tokenizer {

/// BERT's WordPiece: from left to right the longest piece each time, pieces inside of a word with a prefix; a word that
/// does not work out is unknown.
class WordPieceModel final : public WordModel {
 public:
  static Result<std::unique_ptr<const WordModel>> read(TableReader& reader, const Vocabulary& vocabulary);
  Status append_tokens(std::string_view word, WordScratch* scratch, TokenIds& ids) const override;

 private:
  explicit WordPieceModel(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}
  bool append_pieces(std::string_view word, TokenIds& ids) const;

  const Vocabulary& vocabulary_;
  OptionalToken unknown_;
  uint32_t longest_word_ = 0;             ///< In characters; a longer one is unknown.
  std::optional<uint32_t> continuation_;  ///< The node where pieces inside of a word begin.
};

}  // namespace hearth::tokenizer
