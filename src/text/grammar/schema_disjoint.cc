// oneOf allows what exactly one of its schemas does: a grammar can hold that only when no value is allowed by two.
#include <algorithm>

#include "base/errors.h"
#include "text/grammar/schema_compiler.h"

namespace hearth {
namespace {

constexpr int kDeepest = 8;

bool overlap(const std::string& a, const std::string& b) {
  return a == b || (a == "integer" && b == "number") || (a == "number" && b == "integer");
}

std::vector<std::string> common_types(const JsonValue& a, const JsonValue& b) {
  std::vector<std::string> common;
  for (const std::string& left : types_of(a)) {
    for (const std::string& right : types_of(b)) {
      if (overlap(left, right)) common.push_back(left == "integer" ? "number" : left);
    }
  }
  return common;
}

/// True when all numbers of `low` are less than those of `high`.
bool below(const JsonValue& low, const JsonValue& high) {
  for (const char* most : {"maximum", "exclusiveMaximum"}) {
    for (const char* least : {"minimum", "exclusiveMinimum"}) {
      const JsonValue* a = low.find(most);
      const JsonValue* b = high.find(least);
      if (a == nullptr || b == nullptr) continue;
      const bool exclusive = std::string_view(most) != "maximum" || std::string_view(least) != "minimum";
      if (a->number < b->number || (exclusive && a->number == b->number)) return true;
    }
  }
  return false;
}

/// True when the values that `listed` has are none of those that `other` has or may have by its type.
bool enum_excludes(const JsonValue& listed, const JsonValue& other) {
  const JsonValue* values = listed.find("enum");
  const JsonValue* others = other.find("enum");
  if (values == nullptr) return false;
  return std::ranges::all_of(values->items, [&](const JsonValue& value) {
    if (others != nullptr) {
      return std::ranges::none_of(others->items, [&](const JsonValue& each) { return equal(value, each); });
    }
    JsonValue alone = JsonValue::object();
    constexpr const char* kNames[] = {"null", "boolean", "number", "string", "array", "object"};
    alone.set("type", JsonValue::array({JsonValue::of(std::string(kNames[static_cast<size_t>(value.kind)]))}));
    return common_types(alone, other).empty();
  });
}

bool forbids_others(const JsonValue& schema) {
  const JsonValue* others = schema.find("additionalProperties");
  return others != nullptr && others->is(JsonValue::Kind::kBoolean) && !others->boolean &&
         schema.find("patternProperties") == nullptr;
}

const JsonValue* property(const JsonValue& schema, const std::string& name) {
  const JsonValue* properties = schema.find("properties");
  return properties != nullptr ? properties->find(name) : nullptr;
}

}  // namespace

Status SchemaCompiler::check_disjoint(const std::vector<JsonValue>& branches, const std::string& pointer) {
  for (size_t i = 0; i < branches.size(); ++i) {
    for (size_t k = i + 1; k < branches.size(); ++k) {
      HEARTH_ASSIGN_OR_RETURN(const bool apart, disjoint(branches[i], branches[k], 0));
      if (apart) continue;
      return invalid_argument(
          "JSON Schema: {}: alternatives {} and {} may both allow a value: tell them apart by their types or by a "
          "required property with another const in each, or use anyOf",
          pointer, i, k);
    }
  }
  return {};
}

Result<bool> SchemaCompiler::disjoint(const JsonValue& a, const JsonValue& b, int depth) {
  if (depth > kDeepest) return false;
  for (const JsonValue* one : {&a, &b}) {
    const JsonValue* choices = one->find("choices");
    if (choices == nullptr) continue;
    // Apart if each alternative is.
    const JsonValue& other = one == &a ? b : a;
    bool apart = true;
    for (const JsonValue& branch : choices->items[0].members[0].second.items) {
      HEARTH_ASSIGN_OR_RETURN(const JsonValue flat, document_.flatten(branch));
      HEARTH_ASSIGN_OR_RETURN(const bool branch_apart, disjoint(flat, other, depth + 1));
      apart = apart && branch_apart;
    }
    if (apart) return true;
  }
  if (enum_excludes(a, b) || enum_excludes(b, a)) return true;
  const std::vector<std::string> common = common_types(a, b);
  for (const std::string& type : common) {
    bool apart = false;
    if (type == "number") apart = below(a, b) || below(b, a);
    if (type == "object") {
      HEARTH_ASSIGN_OR_RETURN(apart, disjoint_properties(a, b, depth));
    }
    if (!apart) return false;
  }
  return true;
}

Result<bool> SchemaCompiler::disjoint_properties(const JsonValue& a, const JsonValue& b, int depth) {
  for (const JsonValue* one : {&a, &b}) {
    const JsonValue& other = one == &a ? b : a;
    const JsonValue* required = one->find("required");
    if (required == nullptr) continue;
    for (const JsonValue& name : required->items) {
      const JsonValue* mine = property(*one, name.text);
      const JsonValue* theirs = property(other, name.text);
      if (theirs == nullptr && forbids_others(other)) return true;
      // Both look at it, and here it is never missing: values must differ.
      if (mine == nullptr || theirs == nullptr) continue;
      HEARTH_ASSIGN_OR_RETURN(const JsonValue flat, document_.flatten(*mine));
      HEARTH_ASSIGN_OR_RETURN(const JsonValue other_flat, document_.flatten(*theirs));
      HEARTH_ASSIGN_OR_RETURN(const bool apart, disjoint(flat, other_flat, depth + 1));
      if (apart) return true;
    }
  }
  return false;
}

}  // namespace hearth
