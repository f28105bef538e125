#pragma once

#include "text/tokenizer/word_model.h"

namespace hearth::tokenizer {

/// A word is a token or is unknown.
class WordLevelModel final : public WordModel {
 public:
  static Result<std::unique_ptr<const WordModel>> read(TableReader& reader, const Vocabulary& vocabulary);
  Status append_tokens(std::string_view word, WordScratch* scratch, TokenIds& ids) const override;

 private:
  WordLevelModel(const Vocabulary& vocabulary, OptionalToken unknown) : vocabulary_(vocabulary), unknown_(unknown) {}

  const Vocabulary& vocabulary_;
  OptionalToken unknown_;
};

}  // namespace hearth::tokenizer
