#pragma once

#include <span>
#include <string>
#include <vector>

#include "text/tokenizer/streaming_decoder.h"

namespace hearth {

/// Text of tokens while they come, up to the first of some stop strings. Text that may be the beginning of one is held
/// back.
class TextStream {
 public:
  /// The tokenizer outlives the stream. Empty stop strings count for nothing.
  TextStream(const Tokenizer& tokenizer, std::span<const std::string> stops);

  /// The text that is certain with this token; after a stop string, none.
  Result<std::string> push(int64_t token);
  /// The rest, when no token follows.
  Result<std::string> finish();
  /// True once a stop string has come.
  bool is_stopped() const { return is_stopped_; }

 private:
  /// What of the held text can be given away.
  std::string release();

  StreamingDecoder decoder_;
  std::vector<std::string> stops_;
  std::string held_;
  bool is_stopped_ = false;
};

}  // namespace hearth
