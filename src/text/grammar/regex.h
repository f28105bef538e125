#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "hearth/status.h"
#include "text/grammar/grammar.h"

namespace hearth {

/// A regular expression as a tree. Anchors are gone: it is about a text from its beginning to its end.
struct Regex {
  enum class Kind : uint8_t { kCharacter, kSequence, kAlternatives, kRepeat, kBegin, kEnd };
  Kind kind = Kind::kSequence;
  CodePointSet characters{};   ///< kCharacter: one of these.
  std::vector<Regex> parts{};  ///< kRepeat: one. A sequence of none is the empty text.
  uint32_t least = 0;          ///< kRepeat.
  uint32_t most = 0;           ///< kRepeat; kUnlimited for as many as one likes.
};

enum class RegexMeaning : uint8_t {
  kWhole,   ///< The whole text has to match.
  kSearch,  ///< A part of the text has to match, as in JSON Schema's `pattern`.
};

/// Reads the part of ECMAScript's regular expressions that docs/grammars.md names, as of its flag `u`. The result has
/// no anchors. kInvalidArgument says at which character something is wrong or not supported; at most 64 KiB.
Result<Regex> parse_regex(std::string_view pattern, RegexMeaning meaning);

/// The grammar of the texts that match as a whole.
Result<Grammar> regex_grammar(std::string_view pattern);

}  // namespace hearth
