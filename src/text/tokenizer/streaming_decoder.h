#pragma once

#include <memory>

#include "text/tokenizer/tokenizer.h"

namespace hearth {

/// Turns tokens into text while they come in. What the calls give, joined, is what Tokenizer::decode() gives for all
/// tokens at once. For one thread.
class StreamingDecoder {
 public:
  /// The tokenizer outlives the decoder.
  explicit StreamingDecoder(const Tokenizer& tokenizer, bool skip_special = true);
  StreamingDecoder(StreamingDecoder&&) noexcept;
  StreamingDecoder& operator=(StreamingDecoder&&) noexcept;
  ~StreamingDecoder();

  /// Takes the next token and gives the text that is certain now: whole characters, which no later token changes. It
  /// may be empty.
  Result<std::string> push(int64_t id);
  /// Gives the rest, and begins anew.
  Result<std::string> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth
