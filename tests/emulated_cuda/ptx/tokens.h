#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "hearth/status.h"

namespace hearth::ptx {

enum class TokenKind : uint8_t {
  kWord,         ///< A name, directive, register or instruction with its modifiers: "ld.global.v4.b32", ".reg", "%r1".
  kNumber,       ///< As written: "0f3F800000", "12U", "1.5".
  kString,       ///< What stands between the quotes, as written.
  kPunctuation,  ///< One character.
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;  ///< Points into the tokenized text.
  uint32_t line = 0;      ///< From 1.
};

/// The tokens of a PTX text without its comments; the last one is of kind kEnd. Fails on a character that no token
/// begins with and on a comment or string without an end.
Result<std::vector<Token>> tokenize(std::string_view text);

}  // namespace hearth::ptx
