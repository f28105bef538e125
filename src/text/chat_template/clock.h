#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "hearth/status.h"

namespace hearth::jinja {

/// What Python's datetime.strftime makes of a time without a zone, with English names. kInvalidArgument for directives
/// that it does not know.
Result<std::string> format_time(std::string_view format, const std::tm& time);

}  // namespace hearth::jinja
