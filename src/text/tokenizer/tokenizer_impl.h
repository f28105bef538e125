#pragma once

#include "text/tokenizer/added_tokens.h"
#include "text/tokenizer/decoder.h"
#include "text/tokenizer/pre_tokenizer.h"
#include "text/tokenizer/tokenizer.h"
#include "text/tokenizer/word_model.h"

namespace hearth {

/// All steps of a tokenizer. Lives at one address: its parts refer to each other.
struct Tokenizer::Impl {
  tokenizer::Vocabulary vocabulary;
  std::unique_ptr<const tokenizer::WordModel> model;
  std::optional<tokenizer::AddedTokens> added_tokens;
  tokenizer::Normalizer normalizer;
  tokenizer::PreTokenizer pre_tokenizer;
  tokenizer::PackedArray<uint32_t> before;  ///< Tokens that go before a sequence …
  tokenizer::PackedArray<uint32_t> after;   ///< … and after it.
  std::optional<tokenizer::Decoder> decoder;

  /// The text of a token, or nothing for a number without one.
  std::optional<std::string_view> token_text(int64_t id) const {
    if (id < 0 || static_cast<uint64_t>(id) >= vocabulary.size()) return std::nullopt;
    const auto token = static_cast<uint32_t>(id);
    if (!vocabulary.has(token, tokenizer::kExists)) return std::nullopt;
    return vocabulary.text(token);
  }
  bool is_special(int64_t id) const {
    return token_text(id) && vocabulary.has(static_cast<uint32_t>(id), tokenizer::kSpecial);
  }
};

}  // namespace hearth
