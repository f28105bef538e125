#pragma once

#include <string>

#include "hearth/status.h"
#include "text/grammar/json_value.h"

namespace hearth {

/// A JSON Schema document in which schemas are looked up and put together. A *flat* schema is an object without `$ref`
/// and `allOf`, put into one form: `type` and `enum` (for `const`) as lists, `pattern` and `format` as lists of which
/// all apply, draft 7's lists of items as `prefixItems`, and `anyOf` and `oneOf` as a list `choices` of schemas with
/// one of them each. What nothing satisfies has an empty `enum`.
class SchemaDocument {
 public:
  /// `document` was checked by check_schema_keywords().
  explicit SchemaDocument(JsonValue document) : document_(std::move(document)) {}

  const JsonValue& root() const { return document_; }
  /// What "#/…" or "#name" refers to. kInvalidArgument when there is nothing, or it lies outside of the document.
  Result<const JsonValue*> resolve(const std::string& reference) const;
  /// The flat schema that allows what `schema` does. kInvalidArgument for references that lead in a circle, for
  /// keywords that cannot be put together, and when it was asked too often.
  Result<JsonValue> flatten(const JsonValue& schema);

 private:
  Result<JsonValue> flatten(const JsonValue& schema, int depth);

  JsonValue document_;
  size_t flattened_ = 0;
};

/// The only thing a schema is about, if it is a reference, else null.
const JsonValue* plain_reference(const JsonValue& schema);

}  // namespace hearth
