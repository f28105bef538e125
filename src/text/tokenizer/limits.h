#pragma once

#include "base/errors.h"

namespace hearth::tokenizer {

/// Far more than any tokenizer has.
inline constexpr size_t kMostSteps = 64;
/// What a text may have at any step, in bytes: a table could make each character a book.
inline constexpr size_t kLongestText = size_t{1} << 28;

/// kInvalidArgument when a text is too long.
inline Status check_text_size(size_t size) {
  if (size <= kLongestText) return {};
  return invalid_argument("tokenizer: a text has {} bytes, the most is {}; split it", size, kLongestText);
}

}  // namespace hearth::tokenizer
