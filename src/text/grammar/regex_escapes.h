#pragma once

#include <string>

#include "hearth/status.h"
#include "text/grammar/code_points.h"
#include "text/grammar/text_cursor.h"

namespace hearth {

/// "regular expression: character N: message".
Status regex_error(const TextCursor& cursor, const std::string& message);
/// What '.' stands for: all but ends of lines.
CodePointSet regex_any_character();
/// Reads what follows a backslash in a regular expression, `in_class` between brackets.
Result<CodePointSet> parse_regex_escape(TextCursor& cursor, bool in_class);

}  // namespace hearth
