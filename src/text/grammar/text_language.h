#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hearth/status.h"
#include "text/grammar/grammar.h"
#include "text/grammar/regex.h"

namespace hearth {

/// The texts that match all of some regular expressions and none of others.
struct TextLanguage {
  std::vector<Regex> required;
  std::vector<Regex> excluded;
};

/// Texts of `least` to `most` code points.
Regex regex_of_length(uint32_t least, uint32_t most);
/// These texts, which are valid UTF-8.
Regex regex_of_texts(const std::vector<std::string>& texts);

/// How a code point of a set is written.
using Spelling = ExpressionId (*)(Grammar&, const CodePointSet&);

/// The language's texts as an expression; `name` is that of rules it needs. kInvalidArgument when it is too complex.
Result<ExpressionId> add_language(Grammar& grammar, const TextLanguage& language, const std::string& name,
                                  Spelling spelling);
/// The texts that match one regular expression.
ExpressionId add_regex(Grammar& grammar, const Regex& regex, Spelling spelling);

}  // namespace hearth
