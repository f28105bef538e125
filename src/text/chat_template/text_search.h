#pragma once

#include <cstddef>
#include <string_view>

#include "hearth/status.h"
#include "text/chat_template/budget.h"

namespace hearth::jinja {

/// Where `wanted` begins at or after `begin`, npos when nowhere. Takes time linear in both sizes, whatever they hold.
Result<size_t> find_text(Budget& budget, std::string_view text, std::string_view wanted, size_t begin);
/// Where the last occurrence of `wanted` before `end` begins.
Result<size_t> find_last_text(Budget& budget, std::string_view text, std::string_view wanted, size_t end);

}  // namespace hearth::jinja
