// Strings, numbers and arrays.
#include <algorithm>

#include "base/errors.h"
#include "text/grammar/number_range.h"
#include "text/grammar/schema_compiler.h"
#include "text/grammar/text_formats.h"

namespace hearth {
namespace {

/// The bound that leaves less of the two keywords.
std::optional<NumberBound> bound_of(const JsonValue& flat, const char* inclusive, const char* exclusive, bool least) {
  const JsonValue* soft = flat.find(inclusive);
  const JsonValue* hard = flat.find(exclusive);
  if (soft == nullptr && hard == nullptr) return std::nullopt;
  if (hard == nullptr) return NumberBound{soft->text, false};
  if (soft == nullptr) return NumberBound{hard->text, true};
  const bool hard_counts = least ? hard->number >= soft->number : hard->number <= soft->number;
  return hard_counts ? NumberBound{hard->text, true} : NumberBound{soft->text, false};
}

}  // namespace

Result<TextLanguage> text_language(const JsonValue& flat) {
  TextLanguage language;
  if (const JsonValue* patterns = flat.find("pattern")) {
    for (const JsonValue& pattern : patterns->items) {
      HEARTH_ASSIGN_OR_RETURN(Regex regex, parse_regex(pattern.text, RegexMeaning::kSearch));
      language.required.push_back(std::move(regex));
    }
  }
  if (const JsonValue* formats = flat.find("format")) {
    for (const JsonValue& format : formats->items) {
      const std::optional<std::string> pattern = regex_of_format(format.text);
      if (!pattern) continue;
      HEARTH_ASSIGN_OR_RETURN(Regex regex, parse_regex(*pattern, RegexMeaning::kWhole));
      language.required.push_back(std::move(regex));
    }
  }
  const uint32_t least = count_of(flat, "minLength", 0);
  const uint32_t most = count_of(flat, "maxLength", kUnlimited);
  if (least > most) {
    language.required.push_back({.kind = Regex::Kind::kAlternatives});
  } else if (least > 0 || most != kUnlimited) {
    language.required.push_back(regex_of_length(least, most));
  }
  return language;
}

Result<ExpressionId> SchemaCompiler::string(const JsonValue& flat) {
  const uint32_t least = count_of(flat, "minLength", 0);
  const uint32_t most = count_of(flat, "maxLength", kUnlimited);
  if (least == 0 && most == kUnlimited && has_none(flat, {"pattern", "format"})) return json_.string();
  HEARTH_ASSIGN_OR_RETURN(const TextLanguage language, text_language(flat));
  if (has_none(flat, {"pattern"}) && language.required.size() <= 1 && (least > 0 || most != kUnlimited)) {
    return json_.string(least, most);
  }
  if (language.required.empty()) return json_.string();
  return key(language);
}

Result<ExpressionId> SchemaCompiler::key(const TextLanguage& names) {
  HEARTH_ASSIGN_OR_RETURN(const ExpressionId text, add_language(grammar_, names, "string", json_character));
  return grammar_.sequence({grammar_.bytes("\""), text, grammar_.bytes("\"")});
}

Result<ExpressionId> SchemaCompiler::number(const JsonValue& flat, bool integer) {
  const NumberRange range{.least = bound_of(flat, "minimum", "exclusiveMinimum", true),
                          .most = bound_of(flat, "maximum", "exclusiveMaximum", false)};
  if (const JsonValue* factor = flat.find("multipleOf")) {
    constexpr double kLargest = 1e15;
    if (!factor->is_whole_number() || factor->number > kLargest) {
      return invalid_argument("multipleOf: {} is no whole number, which is not supported", factor->text);
    }
    return multiples_between(grammar_, static_cast<int64_t>(factor->number), range);
  }
  if (!range.least && !range.most) return integer ? json_.integer() : json_.number();
  return integer ? integers_between(grammar_, range) : decimals_between(grammar_, range);
}

Result<ExpressionId> SchemaCompiler::array(const JsonValue& flat, const std::string& pointer) {
  const JsonValue* prefix = flat.find("prefixItems");
  const JsonValue* items = flat.find("items");
  const size_t first = prefix != nullptr ? prefix->items.size() : 0;
  const uint32_t least = count_of(flat, "minItems", 0);
  uint32_t most = count_of(flat, "maxItems", kUnlimited);
  ExpressionId item = grammar_.nothing();
  if (items != nullptr) {
    HEARTH_ASSIGN_OR_RETURN(item, schema(*items, pointer + "/items"));
  } else if (prefix == nullptr) {
    item = json_.value();
  }
  if (grammar_.is_nothing(item)) most = std::min(most, static_cast<uint32_t>(first));
  const JsonValue* unique = flat.find("uniqueItems");
  if (unique != nullptr && unique->boolean && most > 1) {
    return invalid_argument("uniqueItems is supported for arrays of at most one item only");
  }
  if (first == 0) return least <= most ? json_.array_of(item, least, most) : grammar_.nothing();

  // From the last item to the first: what may follow the item before.
  const auto left = [&](uint32_t count) {
    return count == kUnlimited ? count : count - std::min<uint32_t>(count, first);
  };
  ExpressionId after = most > first || most == kUnlimited
                           ? grammar_.repeat(grammar_.sequence({json_.comma(), item}), left(least), left(most))
                       : least > most ? grammar_.nothing()
                                      : grammar_.empty();
  for (size_t i = first; i-- > 0;) {
    HEARTH_ASSIGN_OR_RETURN(const ExpressionId own,
                            schema(prefix->items[i], fmt::format("{}/prefixItems/{}", pointer, i)));
    const ExpressionId begin = i == 0 ? grammar_.empty() : json_.comma();
    const ExpressionId here = i < most ? grammar_.sequence({begin, own, after}) : grammar_.nothing();
    const ExpressionId part = i >= least ? grammar_.optional(here) : here;
    if (grammar_.is_nothing(part)) return part;
    const RuleId rule = grammar_.add_rule(pointer);
    grammar_.define(rule, part);
    after = grammar_.reference(rule);
  }
  return grammar_.sequence({grammar_.bytes("["), after, grammar_.bytes("]")});
}

}  // namespace hearth
