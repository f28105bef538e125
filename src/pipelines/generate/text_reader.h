#pragma once

#include <optional>
#include <span>
#include <vector>

#include "archive/archive.h"
#include "hearth/generate.h"
#include "text/chat_template/chat_template.h"
#include "text/tokenizer/tokenizer.h"

namespace hearth {

/// How a model's file turns text and conversations into tokens. Points into the archive, which outlives it.
class TextReader {
 public:
  /// A reader without a tokenizer for a file that has none. kInvalidFile when one of its records makes no sense.
  static Result<TextReader> open(const Archive& archive, const TextGeneration& facts);

  const Tokenizer* tokenizer() const { return tokenizer_ ? &*tokenizer_ : nullptr; }
  bool has_chat_template() const { return template_.has_value(); }

  /// See TextGenerator::tokenize().
  Result<std::vector<int64_t>> tokens(std::string_view text) const;
  Result<std::vector<int64_t>> continuation_tokens(std::string_view text) const;
  Result<std::vector<int64_t>> tokens(std::span<const ChatMessage> messages) const;

 private:
  explicit TextReader(const TextGeneration& facts) : facts_(&facts) {}
  Status check_tokenizer() const;

  const TextGeneration* facts_;
  std::optional<Tokenizer> tokenizer_;
  std::optional<ChatTemplate> template_;
};

}  // namespace hearth
