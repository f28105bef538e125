#pragma once

#include <string_view>
#include <vector>

#include "hearth/status.h"
#include "text/chat_template/token.h"

namespace hearth::jinja {

/// Cuts a template into tokens, the last of which is kEnd, with Jinja's rules for white space and the settings
/// trim_blocks and lstrip_blocks. `source` is well-formed UTF-8. kInvalidFile says line and column.
/// Source: Jinja 3.1, https://jinja.palletsprojects.com/en/stable/templates/#whitespace-control
Result<std::vector<Token>> tokenize(std::string_view source);

/// The value of a string literal, without its quotes: Python's escapes, well-formed UTF-8 again.
Result<std::string> unescape(std::string_view literal, Position position);

}  // namespace hearth::jinja
