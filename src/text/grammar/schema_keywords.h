#pragma once

#include "hearth/status.h"
#include "text/grammar/json_value.h"

namespace hearth {

/// Checks a schema at `pointer` of a document and those inside of it before anything is made of them: that each
/// keyword's value is what the standard asks for, and that none constrains texts in a way that is not supported.
/// kInvalidArgument with the keyword's JSON pointer.
Status check_schema_keywords(const JsonValue& schema, const std::string& pointer);

/// True for keywords that say nothing about which values are valid.
bool is_annotation(std::string_view keyword);

/// A pointer's next part (RFC 6901).
std::string pointer_to(const std::string& pointer, std::string_view key);

}  // namespace hearth
