#include "text/grammar/schema_merge.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "base/errors.h"

namespace hearth {
namespace {

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

JsonValue merge_enums(const JsonValue& a, const JsonValue& b) {
  JsonValue result = JsonValue::array();
  std::ranges::copy_if(a.items, std::back_inserter(result.items), [&](const JsonValue& value) {
    return std::ranges::any_of(b.items, [&](const JsonValue& other) { return equal(value, other); });
  });
  return result;
}

JsonValue all_of(const std::vector<const JsonValue*>& schemas) {
  JsonValue parts = JsonValue::array();
  const auto add = [&](const JsonValue& schema) {
    const bool says_nothing = schema.is(JsonValue::Kind::kBoolean) ? schema.boolean : schema.members.empty();
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

Result<JsonValue> merge_schemas(JsonValue a, const JsonValue& b) {
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
