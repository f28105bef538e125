#include "text/grammar/schema_keywords.h"

#include <algorithm>
#include <array>

#include "base/errors.h"

namespace hearth {
namespace {

using Kind = JsonValue::Kind;

enum class Shape : uint8_t {
  kSchema,
  kSchemaList,  ///< One schema at least.
  kSchemaMap,   ///< Schemas by name.
  kItems,       ///< A schema, or a list of some (draft 7).
  kCount,       ///< A whole number, 0 or more.
  kNumber,
  kPositive,
  kString,
  kStringList,
  kBoolean,
  kList,
  kType,
  kAnything,
  kRefused,
};

struct Keyword {
  std::string_view name;
  Shape shape;
};

constexpr auto kKeywords = std::to_array<Keyword>({
    {"$ref", Shape::kString},
    {"$defs", Shape::kSchemaMap},
    {"definitions", Shape::kSchemaMap},
    {"$anchor", Shape::kString},
    {"type", Shape::kType},
    {"enum", Shape::kList},
    {"const", Shape::kAnything},
    {"allOf", Shape::kSchemaList},
    {"anyOf", Shape::kSchemaList},
    {"oneOf", Shape::kSchemaList},
    {"properties", Shape::kSchemaMap},
    {"patternProperties", Shape::kSchemaMap},
    {"additionalProperties", Shape::kSchema},
    {"propertyNames", Shape::kSchema},
    {"required", Shape::kStringList},
    {"minProperties", Shape::kCount},
    {"maxProperties", Shape::kCount},
    {"items", Shape::kItems},
    {"prefixItems", Shape::kSchemaList},
    {"additionalItems", Shape::kSchema},
    {"minItems", Shape::kCount},
    {"maxItems", Shape::kCount},
    {"uniqueItems", Shape::kBoolean},
    {"minLength", Shape::kCount},
    {"maxLength", Shape::kCount},
    {"pattern", Shape::kString},
    {"format", Shape::kString},
    {"minimum", Shape::kNumber},
    {"maximum", Shape::kNumber},
    {"exclusiveMinimum", Shape::kNumber},
    {"exclusiveMaximum", Shape::kNumber},
    {"multipleOf", Shape::kPositive},
    {"not", Shape::kRefused},
    {"if", Shape::kRefused},
    {"then", Shape::kRefused},
    {"else", Shape::kRefused},
    {"contains", Shape::kRefused},
    {"minContains", Shape::kRefused},
    {"maxContains", Shape::kRefused},
    {"dependencies", Shape::kRefused},
    {"dependentRequired", Shape::kRefused},
    {"dependentSchemas", Shape::kRefused},
    {"unevaluatedItems", Shape::kRefused},
    {"unevaluatedProperties", Shape::kRefused},
    {"$dynamicRef", Shape::kRefused},
    {"$recursiveRef", Shape::kRefused},
});

const Keyword* find_keyword(std::string_view name) {
  const auto* const place = std::ranges::find(kKeywords, name, &Keyword::name);
  return place == kKeywords.end() ? nullptr : place;
}

bool is_schema(const JsonValue& value) { return value.is(Kind::kObject) || value.is(Kind::kBoolean); }

bool is_type_name(const JsonValue& value) {
  constexpr std::string_view kTypes[] = {"null", "boolean", "object", "array", "number", "string", "integer"};
  return value.is(Kind::kString) && std::ranges::find(kTypes, value.text) != std::end(kTypes);
}

bool all_strings(const JsonValue& value) {
  return value.is(Kind::kArray) &&
         std::ranges::all_of(value.items, [](const JsonValue& v) { return v.is(Kind::kString); });
}

/// What is wrong about a keyword's own value; the schemas inside of it are checked by themselves.
std::string_view problem(Shape shape, const JsonValue& value) {
  const bool list = value.is(Kind::kArray);
  const bool type =
      is_type_name(value) || (list && !value.items.empty() && std::ranges::all_of(value.items, is_type_name));
  switch (shape) {
    case Shape::kSchema:
      return is_schema(value) ? "" : "a schema is needed";
    case Shape::kItems:
      return is_schema(value) || list ? "" : "a schema is needed";
    case Shape::kSchemaList:
      return list && !value.items.empty() ? "" : "a list of schemas is needed";
    case Shape::kSchemaMap:
      return value.is(Kind::kObject) ? "" : "an object of schemas is needed";
    case Shape::kCount:
      return value.is_whole_number() && value.number >= 0 && value.number < 1e9
                 ? ""
                 : "a whole number from 0 to a thousand million is needed";
    case Shape::kNumber:
      return value.is(Kind::kNumber) ? "" : "a number is needed";
    case Shape::kPositive:
      return value.is(Kind::kNumber) && value.number > 0 ? "" : "a number above 0 is needed";
    case Shape::kString:
      return value.is(Kind::kString) ? "" : "a string is needed";
    case Shape::kStringList:
      return all_strings(value) ? "" : "a list of strings is needed";
    case Shape::kBoolean:
      return value.is(Kind::kBoolean) ? "" : "true or false is needed";
    case Shape::kList:
      return list ? "" : "a list is needed";
    case Shape::kType:
      return type ? "" : "the name of a type, or a list of some, is needed";
    case Shape::kRefused:
      return "this keyword is not supported";
    case Shape::kAnything:
      break;
  }
  return "";
}

Status check_schema(const JsonValue& schema, const std::string& pointer);

Status check_list(const JsonValue& list, const std::string& pointer) {
  for (size_t i = 0; i < list.items.size(); ++i) {
    HEARTH_RETURN_IF_ERROR(check_schema(list.items[i], fmt::format("{}/{}", pointer, i)));
  }
  return {};
}

Status check_inner(Shape shape, const JsonValue& value, const std::string& pointer) {
  if (shape == Shape::kSchema) return check_schema(value, pointer);
  if (shape == Shape::kSchemaList) return check_list(value, pointer);
  if (shape == Shape::kItems) return value.is(Kind::kArray) ? check_list(value, pointer) : check_schema(value, pointer);
  if (shape != Shape::kSchemaMap) return {};
  for (const auto& [name, schema] : value.members) {
    HEARTH_RETURN_IF_ERROR(check_schema(schema, pointer_to(pointer, name)));
  }
  return {};
}

Status check_schema(const JsonValue& schema, const std::string& pointer) {
  if (!is_schema(schema)) return invalid_argument("JSON Schema: {}: a schema is needed", pointer);
  for (const auto& [name, value] : schema.members) {
    const std::string place = pointer_to(pointer, name);
    if (name == "$id" && pointer != "#") {
      return invalid_argument("JSON Schema: {}: '$id' is supported at the root only", place);
    }
    const Keyword* keyword = find_keyword(name);
    if (keyword == nullptr) continue;
    if (const std::string_view wrong = problem(keyword->shape, value); !wrong.empty()) {
      return invalid_argument("JSON Schema: {}: {}", place, wrong);
    }
    HEARTH_RETURN_IF_ERROR(check_inner(keyword->shape, value, place));
  }
  return {};
}

}  // namespace

Status check_schema_keywords(const JsonValue& schema, const std::string& pointer) {
  return check_schema(schema, pointer);
}

bool is_annotation(std::string_view keyword) {
  constexpr std::string_view kDefinitions[] = {"$defs", "definitions", "$anchor"};
  return find_keyword(keyword) == nullptr || std::ranges::find(kDefinitions, keyword) != std::end(kDefinitions);
}

std::string pointer_to(const std::string& pointer, std::string_view key) {
  std::string result = pointer + '/';
  for (const char c : key) {
    if (c == '~') {
      result += "~0";
    } else if (c == '/') {
      result += "~1";
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace hearth
