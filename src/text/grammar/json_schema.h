#pragma once

#include <string_view>

#include "hearth/status.h"
#include "text/grammar/grammar.h"

namespace hearth {

/// The grammar of JSON texts that a JSON Schema (2020-12, or as draft 7 spells it) allows, written as docs/grammars.md
/// says. kInvalidArgument with a JSON pointer for what is wrong in the schema, and for what is not supported: whatever
/// fits the grammar is valid. At most 128 KiB.
Result<Grammar> parse_json_schema(std::string_view schema);

}  // namespace hearth
