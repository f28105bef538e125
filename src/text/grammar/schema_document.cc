#include "text/grammar/schema_document.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>

#include "base/errors.h"
#include "text/grammar/schema_keywords.h"

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

/// Of two types the one that both allow, or nothing.
std::optional<std::string> common_type(const std::string& a, const std::string& b) {
  if (a == b) return a;
  if ((a == "integer" && b == "number") || (a == "number" && b == "integer")) return "integer";
  return std::nullopt;
}

JsonValue merge_types(const JsonValue& a, const JsonValue& b) {
  JsonValue result = JsonValue::array();
  for (const JsonValue& left : a.items) {
    for (const JsonValue& right : b.items) {
      const std::optional<std::string> type = common_type(left.text, right.text);
      const auto same = [&](const JsonValue& known) { return known.text == *type; };
      if (type && std::ranges::none_of(result.items, same)) result.items.push_back(JsonValue::of(*type));
    }
  }
  return result;
}

JsonValue merge_enums(const JsonValue& a, const JsonValue& b) {
  JsonValue result = JsonValue::array();
  std::ranges::copy_if(a.items, std::back_inserter(result.items), [&](const JsonValue& value) {
    return std::ranges::any_of(b.items, [&](const JsonValue& other) { return equal(value, other); });
  });
  return result;
}

JsonValue merge_lists(JsonValue a, const JsonValue& b) {
  for (const JsonValue& value : b.items) {
    const auto same = [&](const JsonValue& known) { return equal(known, value); };
    if (std::ranges::none_of(a.items, same)) a.items.push_back(value);
  }
  return a;
}

JsonValue all_of_two(const JsonValue* a, const JsonValue* b) {
  std::vector<const JsonValue*> schemas;
  if (a != nullptr) schemas.push_back(a);
  if (b != nullptr) schemas.push_back(b);
  return all_of(schemas);
}

/// What a schema says about a property: its own schema for it, or that of the others.
const JsonValue* view_of(const JsonValue& schema, const std::string& name) {
  const JsonValue* properties = schema.find("properties");
  const JsonValue* own = properties != nullptr ? properties->find(name) : nullptr;
  return own != nullptr ? own : schema.find("additionalProperties");
}

Status merge_properties(JsonValue& result, const JsonValue& a, const JsonValue& b) {
  const auto about_members = [](const JsonValue& schema) {
    return schema.find("properties") != nullptr || schema.find("additionalProperties") != nullptr;
  };
  const JsonValue* patterns_a = a.find("patternProperties");
  const JsonValue* patterns_b = b.find("patternProperties");
  if ((patterns_a != nullptr && (about_members(b) || patterns_b != nullptr)) ||
      (patterns_b != nullptr && about_members(a))) {
    return invalid_argument("patternProperties cannot be put together with another schema's properties");
  }
  if (patterns_b != nullptr) result.set("patternProperties", *patterns_b);
  JsonValue properties = JsonValue::object();
  for (const JsonValue* schema : {&a, &b}) {
    const JsonValue* own = schema->find("properties");
    if (own == nullptr) continue;
    for (const auto& [name, value] : own->members) properties.set(name, all_of_two(view_of(a, name), view_of(b, name)));
  }
  if (!properties.members.empty()) result.set("properties", std::move(properties));
  const JsonValue* others_a = a.find("additionalProperties");
  const JsonValue* others_b = b.find("additionalProperties");
  if (others_a != nullptr || others_b != nullptr) {
    result.set("additionalProperties", all_of_two(others_a, others_b));
  }
  return {};
}

void merge_items(JsonValue& result, const JsonValue& a, const JsonValue& b) {
  const auto prefix = [](const JsonValue& schema) {
    const JsonValue* list = schema.find("prefixItems");
    return list != nullptr ? list->items : std::vector<JsonValue>();
  };
  const std::vector<JsonValue> first = prefix(a);
  const std::vector<JsonValue> second = prefix(b);
  JsonValue merged = JsonValue::array();
  for (size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    merged.items.push_back(
        all_of_two(i < first.size() ? &first[i] : a.find("items"), i < second.size() ? &second[i] : b.find("items")));
  }
  if (!merged.items.empty()) result.set("prefixItems", std::move(merged));
  if (a.find("items") != nullptr || b.find("items") != nullptr) {
    result.set("items", all_of_two(a.find("items"), b.find("items")));
  }
}

bool one_of(std::string_view keyword, std::initializer_list<std::string_view> keywords) {
  return std::ranges::find(keywords, keyword) != keywords.end();
}

Result<JsonValue> merge_factors(const JsonValue& a, const JsonValue& b) {
  constexpr double kLargest = 1e9;
  if (!a.is_whole_number() || !b.is_whole_number() || a.number > kLargest || b.number > kLargest) {
    return invalid_argument("multipleOf: only whole numbers up to a thousand million can be put together");
  }
  const int64_t factor = std::lcm(static_cast<int64_t>(a.number), static_cast<int64_t>(b.number));
  return parse_json(fmt::format("{}", factor));
}

/// Two values of a keyword that stands for itself.
Result<JsonValue> merge_keyword(const std::string& keyword, const JsonValue& a, const JsonValue& b) {
  if (keyword == "type") return merge_types(a, b);
  if (keyword == "enum") return merge_enums(a, b);
  if (keyword == "multipleOf") return merge_factors(a, b);
  if (keyword == "propertyNames") return all_of_two(&a, &b);
  if (keyword == "uniqueItems") return JsonValue::of(a.boolean || b.boolean);
  if (one_of(keyword, {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})) {
    return a.number >= b.number ? a : b;
  }
  if (one_of(keyword, {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})) {
    return a.number <= b.number ? a : b;
  }
  // required, pattern, format, choices
  return merge_lists(a, b);
}

}  // namespace

JsonValue all_of(const std::vector<const JsonValue*>& schemas) {
  JsonValue parts = JsonValue::array();
  const auto add = [&](const JsonValue& schema) {
    const bool says_nothing = schema.is(Kind::kBoolean) ? schema.boolean : schema.members.empty();
    const auto same = [&](const JsonValue& known) { return equal(known, schema); };
    if (!says_nothing && std::ranges::none_of(parts.items, same)) parts.items.push_back(schema);
  };
  for (const JsonValue* schema : schemas) {
    const JsonValue* inner = schema->members.size() == 1 ? schema->find("allOf") : nullptr;
    if (inner != nullptr) {
      for (const JsonValue& part : inner->items) add(part);
    } else {
      add(*schema);
    }
  }
  if (parts.items.empty()) return JsonValue::of(true);
  if (parts.items.size() == 1) return parts.items[0];
  JsonValue result = JsonValue::object();
  result.set("allOf", std::move(parts));
  return result;
}

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
    HEARTH_ASSIGN_OR_RETURN(flat, merge(std::move(flat), inner));
  }
  return flat;
}

Result<JsonValue> SchemaDocument::merge(JsonValue a, const JsonValue& b) {
  if (a.members.empty()) return b;
  JsonValue result = a;
  for (const auto& [keyword, value] : b.members) {
    if (one_of(keyword, {"properties", "patternProperties", "additionalProperties", "items", "prefixItems"})) continue;
    const JsonValue* known = a.find(keyword);
    if (known == nullptr) {
      result.set(keyword, value);
      continue;
    }
    HEARTH_ASSIGN_OR_RETURN(JsonValue merged, merge_keyword(keyword, *known, value));
    result.set(keyword, std::move(merged));
  }
  HEARTH_RETURN_IF_ERROR(merge_properties(result, a, b));
  merge_items(result, a, b);
  return result;
}

}  // namespace hearth
