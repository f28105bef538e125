#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hearth {

/// A regular expression whose whole matches are of a format of JSON Schema's, or nothing for a format that is not
/// known. Narrower than the format where a regular expression cannot say it all: docs/grammars.md.
std::optional<std::string> regex_of_format(std::string_view format);

}  // namespace hearth
