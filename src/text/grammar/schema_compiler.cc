#include "text/grammar/schema_compiler.h"

#include <algorithm>

#include "base/errors.h"
#include "text/grammar/json_schema.h"
#include "text/grammar/matcher.h"
#include "text/grammar/schema_keywords.h"
#include "text/grammar/schema_merge.h"

namespace hearth {
namespace {

using Kind = JsonValue::Kind;

constexpr size_t kLargest = size_t{128} << 10;
constexpr int kDeepest = 96;
constexpr size_t kMostFlatSchemas = 10000;
constexpr size_t kMostExpressions = size_t{1} << 20;

bool is_of_type(const JsonValue& value, const std::string& type) {
  switch (value.kind) {
    case Kind::kNull:
      return type == "null";
    case Kind::kBoolean:
      return type == "boolean";
    case Kind::kNumber:
      return type == "number" || (type == "integer" && value.is_whole_number());
    case Kind::kString:
      return type == "string";
    case Kind::kArray:
      return type == "array";
    case Kind::kObject:
      return type == "object";
  }
  return false;
}

JsonValue without(JsonValue schema, std::string_view keyword) {
  schema.remove(keyword);
  return schema;
}

}  // namespace

std::vector<std::string> types_of(const JsonValue& flat) {
  const JsonValue* listed = flat.find("type");
  if (listed == nullptr) return {"null", "boolean", "object", "array", "number", "string"};
  std::vector<std::string> types;
  for (const JsonValue& type : listed->items) {
    if (std::ranges::find(types, type.text) == types.end()) types.push_back(type.text);
  }
  if (std::ranges::find(types, "number") != types.end()) std::erase(types, "integer");
  return types;
}

uint32_t count_of(const JsonValue& flat, std::string_view keyword, uint32_t otherwise) {
  const JsonValue* count = flat.find(keyword);
  return count != nullptr ? static_cast<uint32_t>(count->number) : otherwise;
}

bool has_none(const JsonValue& flat, std::initializer_list<std::string_view> keywords) {
  return std::ranges::none_of(keywords, [&](std::string_view keyword) { return flat.find(keyword) != nullptr; });
}

Result<Grammar> SchemaCompiler::compile(const JsonValue& root, const std::string& pointer) {
  const RuleId rule = grammar_.add_rule(pointer);
  HEARTH_ASSIGN_OR_RETURN(const ExpressionId expression, schema(root, pointer));
  if (grammar_.is_nothing(expression)) return invalid_argument("JSON Schema: {}: no value is valid", pointer);
  grammar_.define(rule, expression);
  return std::move(grammar_);
}

Result<ExpressionId> SchemaCompiler::schema(const JsonValue& wanted, const std::string& pointer) {
  if (depth_ > kDeepest) return invalid_argument("JSON Schema: {}: schemas are nested too deep", pointer);
  if (grammar_.size() > kMostExpressions)
    return invalid_argument("JSON Schema: {}: it needs too large a grammar", pointer);
  if (wanted.is(Kind::kBoolean)) return wanted.boolean ? json_.value() : grammar_.nothing();
  if (const JsonValue* reference = plain_reference(wanted)) {
    const Result<const JsonValue*> target = document_.resolve(reference->text);
    if (!target.ok()) return target.status().with_context(fmt::format("JSON Schema: {}", pointer_to(pointer, "$ref")));
    // The target is another schema, unless references lead in a circle.
    ++depth_;
    Result<ExpressionId> result = schema(**target, reference->text);
    --depth_;
    return result;
  }
  const std::string text = wanted.to_json();
  if (const auto known = known_.find(text); known != known_.end()) {
    // What nothing satisfies is no rule, so that members that may be missing are left out.
    const ExpressionId expression = grammar_.rules()[known->second].expression;
    const bool open = std::ranges::find(open_, known->second) != open_.end();
    return !open && grammar_.is_nothing(expression) ? grammar_.nothing() : grammar_.reference(known->second);
  }
  const RuleId rule = grammar_.add_rule(pointer);
  known_.emplace(text, rule);
  open_.push_back(rule);
  ++depth_;
  Result<JsonValue> flat = document_.flatten(wanted);
  if (!flat.ok()) return flat.status().with_context(fmt::format("JSON Schema: {}", pointer));
  HEARTH_ASSIGN_OR_RETURN(const ExpressionId expression, flat_schema(*flat, pointer));
  --depth_;
  open_.pop_back();
  grammar_.define(rule, expression);
  return grammar_.is_nothing(expression) ? expression : grammar_.reference(rule);
}

Result<ExpressionId> SchemaCompiler::flat_schema(const JsonValue& flat, const std::string& pointer) {
  if (++flat_schemas_ > kMostFlatSchemas) {
    return invalid_argument("JSON Schema: {}: the schema has too many combinations of alternatives", pointer);
  }
  if (flat.find("choices") != nullptr) return choices(flat, pointer);
  if (flat.find("enum") != nullptr) return enumeration(flat, pointer);
  std::vector<ExpressionId> ways;
  for (const std::string& type : types_of(flat)) {
    Result<ExpressionId> way = of_type(type, flat, pointer);
    if (!way.ok()) {
      const bool placed = way.status().message().starts_with("JSON Schema: ");
      return placed ? way.status() : way.status().with_context(fmt::format("JSON Schema: {}", pointer));
    }
    ways.push_back(*way);
  }
  return grammar_.alternatives(ways);
}

Result<ExpressionId> SchemaCompiler::of_type(const std::string& type, const JsonValue& flat,
                                             const std::string& pointer) {
  if (type == "null") return grammar_.bytes("null");
  if (type == "boolean") return grammar_.alternatives({grammar_.bytes("true"), grammar_.bytes("false")});
  if (type == "object") return object(flat, pointer);
  if (type == "array") return array(flat, pointer);
  if (type == "string") return string(flat);
  return number(flat, type == "integer");
}

Result<ExpressionId> SchemaCompiler::choices(const JsonValue& flat, const std::string& pointer) {
  JsonValue rest = flat;
  JsonValue* list = rest.find("choices");
  const auto [keyword, branches] = list->items[0].members[0];
  list->items.erase(list->items.begin());
  if (list->items.empty()) rest.remove("choices");
  std::vector<JsonValue> merged;
  std::vector<ExpressionId> ways;
  for (size_t i = 0; i < branches.items.size(); ++i) {
    const std::string place = fmt::format("{}/{}/{}", pointer, keyword, i);
    Result<JsonValue> branch = document_.flatten(branches.items[i]);
    if (branch.ok()) branch = merge_schemas(rest, *branch);
    if (!branch.ok()) return branch.status().with_context(fmt::format("JSON Schema: {}", place));
    // Alone, a branch is what it is elsewhere, and may refer to itself.
    HEARTH_ASSIGN_OR_RETURN(const ExpressionId way,
                            rest.members.empty() ? schema(branches.items[i], place) : flat_schema(*branch, place));
    ways.push_back(way);
    merged.push_back(*std::move(branch));
  }
  if (keyword == "oneOf") HEARTH_RETURN_IF_ERROR(check_disjoint(merged, pointer_to(pointer, keyword)));
  return grammar_.alternatives(ways);
}

Result<ExpressionId> SchemaCompiler::enumeration(const JsonValue& flat, const std::string& pointer) {
  const JsonValue rest = without(flat, "enum");
  const std::vector<std::string> types = types_of(rest);
  std::vector<JsonValue> values;
  std::ranges::copy_if(flat.find("enum")->items, std::back_inserter(values), [&](const JsonValue& value) {
    return std::ranges::any_of(types, [&](const std::string& type) { return is_of_type(value, type); });
  });
  const bool others = std::ranges::any_of(rest.members, [](const auto& member) { return member.first != "type"; });
  if (others && !values.empty()) {
    // Whether a value fits what else is asked for, its grammar knows.
    SchemaCompiler compiler(document_);
    const RuleId rule = compiler.grammar_.add_rule(pointer);
    HEARTH_ASSIGN_OR_RETURN(const ExpressionId expression, compiler.flat_schema(rest, pointer));
    if (compiler.grammar_.is_nothing(expression)) return grammar_.nothing();
    compiler.grammar_.define(rule, expression);
    HEARTH_ASSIGN_OR_RETURN(const GrammarMatcher start, GrammarMatcher::create(compiler.grammar_));
    std::erase_if(values, [&](const JsonValue& value) {
      GrammarMatcher matcher = start;
      return !matcher.accept(value.to_json()).ok() || !matcher.is_complete();
    });
  }
  std::vector<ExpressionId> ways;
  for (const JsonValue& value : values) ways.push_back(grammar_.bytes(value.to_json()));
  return grammar_.alternatives(ways);
}

Result<Grammar> parse_json_schema(std::string_view schema) {
  if (schema.size() > kLargest) {
    return invalid_argument("JSON Schema: it has {} bytes, the most is {}", schema.size(), kLargest);
  }
  Result<JsonValue> root = parse_json(schema);
  if (!root.ok()) return root.status().with_context("JSON Schema");
  HEARTH_RETURN_IF_ERROR(check_schema_keywords(*root, "#"));
  SchemaDocument document(*std::move(root));
  return SchemaCompiler(document).compile(document.root(), "#");
}

}  // namespace hearth
