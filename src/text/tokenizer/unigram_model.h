#pragma once

#include "text/tokenizer/word_model.h"

namespace hearth::tokenizer {

/// SentencePiece's unigram model: the pieces whose scores have the largest sum, found with Viterbi's algorithm. Time
/// grows with the length of the word times that of the longest piece.
class UnigramModel final : public WordModel {
 public:
  static Result<std::unique_ptr<const WordModel>> read(TableReader& reader, const Vocabulary& vocabulary);
  std::unique_ptr<WordScratch> make_scratch() const override;
  Status append_tokens(std::string_view word, WordScratch* scratch, TokenIds& ids) const override;

 private:
  struct Scratch;
  UnigramModel(const Vocabulary& vocabulary, PackedArray<double> scores);
  bool find_best(std::string_view word, Scratch& scratch) const;
  Status append_unknown(std::string_view text, Scratch& scratch, TokenIds& ids) const;

  const Vocabulary& vocabulary_;
  PackedArray<double> scores_;
  ByteTokens byte_tokens_;
  OptionalToken unknown_;
  bool byte_fallback_ = false;
  double unknown_score_ = 0;
};

}  // namespace hearth::tokenizer
