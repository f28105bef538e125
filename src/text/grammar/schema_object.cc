// Objects: members in the schema's order, then others.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/errors.h"
#include "text/grammar/matcher.h"
#include "text/grammar/schema_compiler.h"
#include "text/grammar/schema_keywords.h"
#include "text/grammar/schema_merge.h"

namespace hearth {
namespace {

/// Patterns of property names beyond which there would be too many sets of them.
constexpr size_t kMostPatterns = 4;
constexpr size_t kMostMemberRules = 50000;

const std::vector<std::pair<std::string, JsonValue>>& members_of(const JsonValue* object) {
  static const JsonValue none = JsonValue::object();
  return object != nullptr ? object->members : none.members;
}

std::vector<std::string> names_of(const JsonValue* properties) {
  std::vector<std::string> names;
  for (const auto& member : members_of(properties)) names.push_back(member.first);
  return names;
}

ExpressionId plain_character(Grammar& grammar, const CodePointSet& set) { return grammar.character(set); }

}  // namespace

Result<bool> matches(const TextLanguage& language, const std::string& text) {
  Grammar grammar;
  const RuleId rule = grammar.add_rule("property names");
  HEARTH_ASSIGN_OR_RETURN(const ExpressionId expression, add_language(grammar, language, "name", plain_character));
  if (grammar.is_nothing(expression)) return false;
  grammar.define(rule, expression);
  HEARTH_ASSIGN_OR_RETURN(GrammarMatcher matcher, GrammarMatcher::create(grammar));
  return matcher.accept(text).ok() && matcher.is_complete();
}

/// Rules for what follows a member, by the property that comes next, how many members there were (if they are counted)
/// and whether there was any.
class SchemaCompiler::MemberRules {
 public:
  MemberRules(SchemaCompiler& compiler, const Object& object, const std::string& name)
      : grammar_(compiler.grammar_), json_(compiler.json_), object_(object), name_(name) {}

  Result<ExpressionId> expression() {
    // From the last property to the first, so that what follows is known.
    const auto property_count = static_cast<uint32_t>(object_.properties.size());
    for (uint32_t index = property_count + 1; index-- > 0;) {
      for (uint32_t count = 0; count <= (object_.counted() ? index : std::min(index, 1U)); ++count) {
        if (rules_.size() > kMostMemberRules) return invalid_argument("too many properties are counted");
        const ExpressionId after = index == property_count ? others(count) : property(index, count);
        if (grammar_.is_nothing(after)) {
          rules_[{index, count}] = std::nullopt;
          continue;
        }
        const RuleId rule = grammar_.add_rule(name_);
        grammar_.define(rule, after);
        rules_[{index, count}] = rule;
      }
    }
    return grammar_.sequence({grammar_.bytes("{"), follow(0, 0)});
  }

 private:
  /// What follows from a property on; without counting, one member stands for any number of them.
  ExpressionId follow(uint32_t index, uint32_t count) {
    const std::optional<RuleId> rule = rules_.at({index, object_.counted() ? count : std::min(count, 1U)});
    return rule ? grammar_.reference(*rule) : grammar_.nothing();
  }

  ExpressionId property(uint32_t index, uint32_t count) {
    const Property& property = object_.properties[index];
    std::vector<ExpressionId> ways;
    if (count < object_.most) {
      const ExpressionId begin = count > 0 ? json_.comma() : grammar_.empty();
      ways.push_back(grammar_.sequence({begin, property.member, follow(index + 1, count + 1)}));
    }
    if (!property.required) ways.push_back(follow(index + 1, count));
    return grammar_.alternatives(ways);
  }

  ExpressionId others(uint32_t count) {
    if (count > object_.most) return grammar_.nothing();
    const uint32_t missing = object_.least > count ? object_.least - count : 0;
    // Two others may have the same name and then count as one: only one of them is relied on.
    if (missing > 1) return grammar_.nothing();
    const uint32_t most = object_.most == kUnlimited ? kUnlimited : object_.most - count;
    const ExpressionId next = grammar_.sequence({json_.comma(), object_.other});
    ExpressionId members = grammar_.repeat(next, missing, most);
    if (count == 0 && most > 0 && !grammar_.is_nothing(object_.other)) {
      const ExpressionId rest = grammar_.repeat(next, 0, most == kUnlimited ? most : most - 1);
      const ExpressionId some = grammar_.sequence({object_.other, rest});
      members = missing == 0 ? grammar_.optional(some) : some;
    }
    return grammar_.sequence({members, grammar_.bytes("}")});
  }

  Grammar& grammar_;
  JsonText& json_;
  const Object& object_;
  const std::string& name_;
  std::map<std::pair<uint32_t, uint32_t>, std::optional<RuleId>> rules_;
};

Result<ExpressionId> SchemaCompiler::object(const JsonValue& flat, const std::string& pointer) {
  if (has_none(flat, {"properties", "patternProperties", "additionalProperties", "propertyNames", "required",
                      "minProperties", "maxProperties"})) {
    return json_.object();
  }
  Object object{.least = count_of(flat, "minProperties", 0), .most = count_of(flat, "maxProperties", kUnlimited)};
  HEARTH_ASSIGN_OR_RETURN(object.properties, properties(flat, pointer));
  HEARTH_ASSIGN_OR_RETURN(object.other, other_members(flat, pointer));
  if (object.least > object.properties.size() + 1 && !grammar_.is_nothing(object.other)) {
    return invalid_argument("minProperties: {} members need names that the schema does not give, which might be equal",
                            object.least);
  }
  return MemberRules(*this, object, pointer).expression();
}

Result<std::vector<SchemaCompiler::Property>> SchemaCompiler::properties(const JsonValue& flat,
                                                                         const std::string& pointer) {
  const JsonValue* declared = flat.find("properties");
  const JsonValue* patterns = flat.find("patternProperties");
  const JsonValue* others = flat.find("additionalProperties");
  HEARTH_ASSIGN_OR_RETURN(const TextLanguage allowed, property_names(flat));
  std::vector<std::string> names = names_of(declared);
  std::vector<std::string> required;
  if (const JsonValue* list = flat.find("required")) {
    for (const JsonValue& name : list->items) required.push_back(name.text);
  }
  for (const std::string& name : required) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  std::vector<Property> result;
  for (const std::string& name : names) {
    std::vector<const JsonValue*> schemas;
    if (const JsonValue* own = declared != nullptr ? declared->find(name) : nullptr) schemas.push_back(own);
    for (const auto& [pattern, schema] : members_of(patterns)) {
      HEARTH_ASSIGN_OR_RETURN(Regex regex, parse_regex(pattern, RegexMeaning::kSearch));
      HEARTH_ASSIGN_OR_RETURN(const bool fits, matches({.required = {std::move(regex)}, .excluded = {}}, name));
      if (fits) schemas.push_back(&schema);
    }
    if (schemas.empty() && others != nullptr) schemas.push_back(others);
    HEARTH_ASSIGN_OR_RETURN(ExpressionId value, schema(all_of(schemas), pointer_to(pointer + "/properties", name)));
    if (!allowed.required.empty()) {
      HEARTH_ASSIGN_OR_RETURN(const bool fits, matches(allowed, name));
      if (!fits) value = grammar_.nothing();
    }
    const ExpressionId member = grammar_.sequence({grammar_.bytes(json_quoted(name)), json_.colon(), value});
    const bool needed = std::ranges::find(required, name) != required.end();
    if (needed || !grammar_.is_nothing(member)) result.push_back({name, member, needed});
  }
  return result;
}

Result<TextLanguage> SchemaCompiler::property_names(const JsonValue& flat) {
  const JsonValue* names = flat.find("propertyNames");
  if (names == nullptr) return TextLanguage();
  HEARTH_ASSIGN_OR_RETURN(const JsonValue wanted, document_.flatten(*names));
  for (const auto& [keyword, value] : wanted.members) {
    const bool supported = keyword == "pattern" || keyword == "format" || keyword == "minLength" ||
                           keyword == "maxLength" || keyword == "type" || keyword == "enum";
    if (!supported) return invalid_argument("propertyNames: '{}' is not supported there", keyword);
  }
  HEARTH_ASSIGN_OR_RETURN(TextLanguage language, text_language(wanted));
  const std::vector<std::string> types = types_of(wanted);
  if (std::ranges::find(types, "string") == types.end()) language.required.push_back(regex_of_texts({}));
  if (const JsonValue* listed = wanted.find("enum")) {
    std::vector<std::string> texts;
    for (const JsonValue& value : listed->items) {
      if (value.is(JsonValue::Kind::kString)) texts.push_back(value.text);
    }
    language.required.push_back(regex_of_texts(texts));
  }
  return language;
}

Result<ExpressionId> SchemaCompiler::other_members(const JsonValue& flat, const std::string& pointer) {
  const JsonValue* others = flat.find("additionalProperties");
  const JsonValue* patterns = flat.find("patternProperties");
  HEARTH_ASSIGN_OR_RETURN(TextLanguage names, property_names(flat));
  std::vector<std::string> declared = names_of(flat.find("properties"));
  if (const JsonValue* required = flat.find("required")) {
    for (const JsonValue& name : required->items) declared.push_back(name.text);
  }
  if (!declared.empty()) names.excluded.push_back(regex_of_texts(declared));
  std::vector<ExpressionId> ways;
  if (patterns != nullptr) {
    HEARTH_ASSIGN_OR_RETURN(const ExpressionId members, pattern_members(flat, names, pointer));
    ways.push_back(members);
  }
  // Where a schema names properties, others come only if it says so.
  const bool named = patterns != nullptr || flat.find("properties") != nullptr;
  if (others != nullptr || !named) {
    ExpressionId value = json_.value();
    if (others != nullptr) {
      HEARTH_ASSIGN_OR_RETURN(value, schema(*others, pointer + "/additionalProperties"));
    }
    for (const auto& member : members_of(patterns)) {
      HEARTH_ASSIGN_OR_RETURN(Regex regex, parse_regex(member.first, RegexMeaning::kSearch));
      names.excluded.push_back(std::move(regex));
    }
    const bool any = names.required.empty() && names.excluded.empty();
    HEARTH_ASSIGN_OR_RETURN(const ExpressionId name, any ? json_.string() : key(names));
    ways.push_back(grammar_.sequence({name, json_.colon(), value}));
  }
  return grammar_.alternatives(ways);
}

/// Members whose names match some of the patterns and not the others: their values are what all of those ask for.
Result<ExpressionId> SchemaCompiler::pattern_members(const JsonValue& flat, const TextLanguage& names,
                                                     const std::string& pointer) {
  const auto& patterns = flat.find("patternProperties")->members;
  if (patterns.size() > kMostPatterns) {
    return invalid_argument("patternProperties: more than {} patterns are not supported", kMostPatterns);
  }
  std::vector<ExpressionId> ways;
  for (size_t chosen = 1; chosen < size_t{1} << patterns.size(); ++chosen) {
    TextLanguage matching = names;
    std::vector<const JsonValue*> schemas;
    for (size_t i = 0; i < patterns.size(); ++i) {
      const bool fits = (chosen >> i & 1) != 0;
      HEARTH_ASSIGN_OR_RETURN(Regex regex, parse_regex(patterns[i].first, RegexMeaning::kSearch));
      (fits ? matching.required : matching.excluded).push_back(std::move(regex));
      if (fits) schemas.push_back(&patterns[i].second);
    }
    HEARTH_ASSIGN_OR_RETURN(const ExpressionId name, key(matching));
    if (grammar_.is_nothing(name)) continue;
    HEARTH_ASSIGN_OR_RETURN(const ExpressionId value, schema(all_of(schemas), pointer + "/patternProperties"));
    ways.push_back(grammar_.sequence({name, json_.colon(), value}));
  }
  return grammar_.alternatives(ways);
}

}  // namespace hearth
