#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "hearth/status.h"
#include "text/chat_template/budget.h"
#include "text/chat_template/chat_template.h"
#include "text/chat_template/value.h"

namespace hearth::jinja {

/// Reads the variables of a rendering from the text of a JSON object, with the origins that the options say, and adds
/// those that templates always have. A key that occurs twice has its last value, as in Python. kInvalidArgument says
/// what is wrong; whole numbers beyond 64 bits are.
Status load_context(Budget& budget, std::string_view json, const RenderOptions& options,
                    std::map<std::string, Value, std::less<>>& variables);

}  // namespace hearth::jinja
