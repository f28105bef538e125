#pragma once

#include "text/tokenizer/added_tokens.h"
#include "text/tokenizer/pre_tokenizer.h"
#include "text/tokenizer/word_model.h"

namespace hearth::tokenizer {

/// One encoding: the way of a text through a tokenizer's steps. For one thread.
class Encoder {
 public:
  /// The steps outlive the encoder.
  Encoder(const AddedTokens& added_tokens, const Normalizer& normalizer, const PreTokenizer& pre_tokenizer,
          const WordModel& model)
      : added_tokens_(added_tokens),
        normalizer_(normalizer),
        pre_tokenizer_(pre_tokenizer),
        model_(model),
        scratch_(model.make_scratch()) {}

  /// Appends the tokens of a valid text. Special tokens are recognised in the ranges that are trusted.
  Status append(std::string_view text, std::span<const TrustedRange> trusted, TokenIds& ids);

 private:
  Status append_raw(std::string_view text, std::span<const TrustedRange> trusted, bool first, TokenIds& ids);
  Status append_normalized(std::string_view text, std::span<const TrustedRange> trusted, bool first, TokenIds& ids);
  Status append_words(std::string_view text, bool first, TokenIds& ids);

  const AddedTokens& added_tokens_;
  const Normalizer& normalizer_;
  const PreTokenizer& pre_tokenizer_;
  const WordModel& model_;
  std::unique_ptr<WordScratch> scratch_;
};

}  // namespace hearth::tokenizer
