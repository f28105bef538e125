#pragma once

#include <vector>

#include "hearth/status.h"
#include "text/grammar/json_value.h"

namespace hearth {

/// The flat schema (see SchemaDocument) that allows what both flat schemas do. kInvalidArgument for keywords that
/// cannot be put together.
Result<JsonValue> merge_schemas(JsonValue a, const JsonValue& b);

/// The schema of what all of the schemas allow, in one form however often each of them occurs.
JsonValue all_of(const std::vector<const JsonValue*>& schemas);

/// The values that both lists have.
JsonValue merge_enums(const JsonValue& a, const JsonValue& b);

}  // namespace hearth
