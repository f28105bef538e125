#pragma once

#include <string_view>

#include "hearth/status.h"
#include "text/grammar/grammar.h"

namespace hearth {

/// Reads a grammar in the notation of llama.cpp, GBNF; rule `root` is the whole text. docs/grammars.md says what there
/// is. kInvalidArgument names the line; at most 256 KiB.
Result<Grammar> parse_gbnf(std::string_view text);

}  // namespace hearth
