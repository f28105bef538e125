#pragma once

#include <string_view>

#include "text/chat_template/runtime.h"

namespace hearth::jinja {

/// What templates know by name. Null when there is none of that name.
/// Source of names and behaviour: https://jinja.palletsprojects.com/en/stable/templates/#list-of-builtin-filters and
/// the sections after it.
Function find_filter(std::string_view name);
/// A test answers with a boolean.
Function find_test(std::string_view name);
/// A function such as `range`; it gets none as the value that it belongs to.
Function find_global(std::string_view name);
/// A method of the type that `self` has. Those that would change a list or a dictionary are not there.
Function find_method(const Value& self, std::string_view name);

}  // namespace hearth::jinja
