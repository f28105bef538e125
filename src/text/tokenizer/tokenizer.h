#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hearth/status.h"

namespace hearth {

struct EncodeOptions {
  /// Puts the tokens around the text that the model was trained with, such as a beginning of sequence.
  bool add_special_tokens = true;
  /// Recognises special tokens in the text. When false, their texts are split like any other, so that the text cannot
  /// forge one.
  bool parse_special = false;
};

/// A part of a text from one source.
struct TextSegment {
  std::string_view text;
  /// Special tokens are recognised only in trusted text.
  bool trusted = false;
};

/// Turns text into tokens and back, as the `tokenizers` library does with the tokenizer that the table was compiled
/// from (docs/tokenizer-format.md). Immutable: any number of threads may use one at once.
///
/// Text is UTF-8. Bytes that are none count as U+FFFD, as Python's errors="replace" has it, with byte-level models too.
class Tokenizer {
 public:
  /// Reads the table that the exporter compiled, and checks all of it. Uses the bytes in place: they outlive the
  /// tokenizer. kInvalidFile when they are no such table.
  static Result<Tokenizer> open(std::span<const std::byte> table);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// The tokens of a text. kInvalidArgument when the model has no token for a part of it and none for the unknown, or
  /// when a pattern takes too many steps on it, or when it is longer than 256 MiB.
  Result<std::vector<int64_t>> encode(std::string_view text, const EncodeOptions& options = {}) const;
  /// The tokens of the segments' texts, joined. Borders between segments split nothing: a word may reach over one. But
  /// a special token is recognised only when all its bytes lie in neighbouring segments that are trusted. With the few
  /// tokenizers that look for special tokens in the normalised text only, text is split where trust changes, as it is
  /// at an added token. A character does not reach over a border.
  Result<std::vector<int64_t>> encode(std::span<const TextSegment> segments, bool add_special_tokens = true) const;

  /// The text of tokens, valid UTF-8: U+FFFD stands for bytes that are none. Numbers without a token are left out, and
  /// special tokens too if `skip_special`.
  Result<std::string> decode(std::span<const int64_t> ids, bool skip_special = true) const;
  /// The bytes that a token contributes in the middle of a text, which need not be whole characters. A special token's
  /// are those of its text. Empty for numbers without a token.
  std::string token_bytes(int64_t id) const;
  /// The token with this text as the vocabulary writes it: "Ġthe", "▁the", "<|endoftext|>".
  std::optional<int64_t> find(std::string_view text) const;
  bool is_special(int64_t id) const;
  /// Tokens that encode() puts after a text with EncodeOptions::add_special_tokens.
  int64_t tokens_after_text() const;
  /// One more than the largest token.
  int64_t vocabulary_size() const;

 private:
  friend class StreamingDecoder;
  struct Impl;
  explicit Tokenizer(std::unique_ptr<const Impl> impl);

  std::unique_ptr<const Impl> impl_;
};

}  // namespace hearth
