#pragma once

#include <string_view>

#include "hearth/status.h"
#include "text/chat_template/limits.h"
#include "text/chat_template/syntax_tree.h"

namespace hearth::jinja {

/// The statements of a template. kInvalidFile says line, column and what is wrong; what Jinja has and chat templates do
/// not need (inheritance, imports, recursive loops) is named as not supported.
/// Source of the grammar: https://jinja.palletsprojects.com/en/stable/templates/
Result<Body> parse_template(std::string_view source, const TemplateLimits& limits);

}  // namespace hearth::jinja
