#include "text/grammar/schema_document.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/errors.h"
#include "text/grammar/schema_keywords.h"
#include "text/grammar/schema_merge.h"

namespace hearth {
namespace {

using Kind = JsonValue::Kind;

constexpr int kDeepest = 64;
constexpr size_t kMostFlattened = 10000;

JsonValue nothing() {
  JsonValue schema = JsonValue::object();
  schema.set("enum", JsonValue::array());
  return schema;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    unsigned value = 0;
    const char* begin = text.data() + i + 1;
    if (text.size() - i < 3 || std::from_chars(begin, begin + 2, value, 16).ptr != begin + 2) return std::nullopt;
    result += static_cast<char>(value);
    i += 2;
  }
  return result;
}

/// The key that one part of a JSON pointer stands for.
std::string pointer_key(std::string_view part) {
  std::string key;
  for (size_t i = 0; i < part.size(); ++i) {
    const bool escaped = part[i] == '~' && i + 1 < part.size() && (part[i + 1] == '0' || part[i + 1] == '1');
    key += !escaped ? part[i] : part[++i] == '0' ? '~' : '/';
  }
  return key;
}

const JsonValue* follow_pointer(const JsonValue* value, std::string_view pointer) {
  while (value != nullptr && !pointer.empty()) {
    pointer.remove_prefix(1);
    const size_t end = std::min(pointer.find('/'), pointer.size());
    const std::string key = pointer_key(pointer.substr(0, end));
    pointer.remove_prefix(end);
    if (value->is(Kind::kObject)) {
      value = value->find(key);
      continue;
    }
    size_t index = 0;
    const bool number = std::from_chars(key.data(), key.data() + key.size(), index).ptr == key.data() + key.size();
    const bool inside = value->is(Kind::kArray) && number && !key.empty() && index < value->items.size();
    value = inside ? &value->items[index] : nullptr;
  }
  return value;
}

const JsonValue* find_anchor(const JsonValue& value, std::string_view name) {
  const JsonValue* anchor = value.find("$anchor");
  if (anchor != nullptr && anchor->is(Kind::kString) && anchor->text == name) return &value;
  for (const JsonValue& item : value.items) {
    if (const JsonValue* found = find_anchor(item, name)) return found;
  }
  for (const auto& [key, member] : value.members) {
    if (const JsonValue* found = find_anchor(member, name)) return found;
  }
  return nullptr;
}

JsonValue single(const JsonValue& value) { return JsonValue::array({value}); }

/// The keyword in the one form that flat schemas have; `$ref` and `allOf` are not among them.
void put_flat(JsonValue& flat, const JsonValue& schema, const std::string& keyword, const JsonValue& value) {
  const bool listed = value.is(Kind::kArray);
  if (keyword == "type") {
    flat.set("type", listed ? value : single(value));
  } else if (keyword == "const") {
    flat.set("enum", single(value));
  } else if (keyword == "enum") {
    if (schema.find("const") == nullptr) flat.set("enum", value);
  } else if (keyword == "pattern" || keyword == "format") {
    flat.set(keyword, single(value));
  } else if (keyword == "anyOf" || keyword == "oneOf") {
    JsonValue choice = JsonValue::object();
    choice.set(keyword, value);
    if (flat.find("choices") == nullptr) flat.set("choices", JsonValue::array());
    flat.find("choices")->items.push_back(std::move(choice));
  } else if (keyword == "items") {
    flat.set(listed ? "prefixItems" : "items", value);
  } else if (keyword == "additionalItems") {
    const JsonValue* items = schema.find("items");
    if (items != nullptr && items->is(Kind::kArray)) flat.set("items", value);
  } else {
    flat.set(keyword, value);
  }
}

}  // namespace

const JsonValue* plain_reference(const JsonValue& schema) {
  const bool plain = std::ranges::all_of(
      schema.members, [](const auto& member) { return member.first == "$ref" || is_annotation(member.first); });
  return plain ? schema.find("$ref") : nullptr;
}

Result<const JsonValue*> SchemaDocument::resolve(const std::string& reference) const {
  if (!reference.starts_with('#')) {
    return invalid_argument("'{}' lies outside of the document, which is not supported", reference);
  }
  const std::optional<std::string> decoded = percent_decoded(std::string_view(reference).substr(1));
  const JsonValue* found = nullptr;
  if (decoded && (decoded->empty() || decoded->starts_with('/'))) {
    found = follow_pointer(&document_, *decoded);
  } else if (decoded) {
    found = find_anchor(document_, *decoded);
  }
  if (found == nullptr || !(found->is(Kind::kObject) || found->is(Kind::kBoolean))) {
    return invalid_argument("there is no schema at '{}'", reference);
  }
  HEARTH_RETURN_IF_ERROR(check_schema_keywords(*found, reference));
  return found;
}

Result<JsonValue> SchemaDocument::flatten(const JsonValue& schema) { return flatten(schema, 0); }

Result<JsonValue> SchemaDocument::flatten(const JsonValue& schema, int depth) {
  if (++flattened_ > kMostFlattened) return invalid_argument("the schema's parts refer to one another too often");
  if (depth > kDeepest) return invalid_argument("references or allOf lead in a circle, or are nested too deep");
  if (schema.is(Kind::kBoolean)) return schema.boolean ? JsonValue::object() : nothing();
  JsonValue flat = JsonValue::object();
  for (const auto& [keyword, value] : schema.members) {
    if (!is_annotation(keyword) && keyword != "$ref" && keyword != "allOf") put_flat(flat, schema, keyword, value);
  }
  if (const JsonValue* both = schema.find("const"); both != nullptr && schema.find("enum") != nullptr) {
    flat.set("enum", merge_enums(single(*both), *schema.find("enum")));
  }
  std::vector<const JsonValue*> others;
  if (const JsonValue* reference = schema.find("$ref")) {
    HEARTH_ASSIGN_OR_RETURN(const JsonValue* target, resolve(reference->text));
    others.push_back(target);
  }
  if (const JsonValue* list = schema.find("allOf")) {
    for (const JsonValue& item : list->items) others.push_back(&item);
  }
  for (const JsonValue* other : others) {
    HEARTH_ASSIGN_OR_RETURN(const JsonValue inner, flatten(*other, depth + 1));
    HEARTH_ASSIGN_OR_RETURN(flat, merge_schemas(std::move(flat), inner));
  }
  return flat;
}

}  // namespace hearth
