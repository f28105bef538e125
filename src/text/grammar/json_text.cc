#include "text/grammar/json_text.h"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace hearth {
namespace {

const CodePointSet& plain_characters() {
  static const CodePointSet set = CodePointSet{{0, 0x1F}, {U'"', U'"'}, {U'\\', U'\\'}}.complement();
  return set;
}

CodePointSet digits(char32_t first) { return {{first, U'9'}}; }

}  // namespace

std::string json_escape(char32_t code_point) {
  switch (code_point) {
    case U'"':
      return "\\\"";
    case U'\\':
      return "\\\\";
    case U'\b':
      return "\\b";
    case U'\f':
      return "\\f";
    case U'\n':
      return "\\n";
    case U'\r':
      return "\\r";
    case U'\t':
      return "\\t";
    default:
      return fmt::format("\\u{:04x}", uint32_t{code_point});
  }
}

ExpressionId json_character(Grammar& grammar, const CodePointSet& set) {
  std::vector<ExpressionId> ways{grammar.character(set.intersected(plain_characters()))};
  const CodePointSet escaped = set.without(plain_characters());
  for (const CodePointRange& range : escaped.ranges()) {
    for (char32_t c = range.first; c <= range.last; ++c) ways.push_back(grammar.bytes(json_escape(c)));
  }
  return grammar.alternatives(ways);
}

ExpressionId JsonText::character() {
  const auto set = [&](std::initializer_list<CodePointRange> ranges) { return grammar_.character(ranges); };
  const ExpressionId any = set({{U'0', U'9'}, {U'a', U'f'}, {U'A', U'F'}});
  const ExpressionId no_d = set({{U'0', U'9'}, {U'a', U'c'}, {U'e', U'f'}, {U'A', U'C'}, {U'E', U'F'}});
  const ExpressionId d = set({{U'd', U'd'}, {U'D', U'D'}});
  const ExpressionId low = set({{U'0', U'7'}});
  const ExpressionId high_surrogate = set({{U'8', U'9'}, {U'a', U'b'}, {U'A', U'B'}});
  const ExpressionId low_surrogate = set({{U'c', U'f'}, {U'C', U'F'}});
  const ExpressionId u = grammar_.bytes("u");
  const ExpressionId pair =
      grammar_.sequence({u, d, high_surrogate, any, any, grammar_.bytes("\\u"), d, low_surrogate, any, any});
  const ExpressionId escape = grammar_.alternatives({
      set({{U'"', U'"'},
           {U'\\', U'\\'},
           {U'/', U'/'},
           {U'b', U'b'},
           {U'f', U'f'},
           {U'n', U'n'},
           {U'r', U'r'},
           {U't', U't'}}),
      grammar_.sequence({u, no_d, any, any, any}),
      grammar_.sequence({u, d, low, any, any}),
      pair,
  });
  return grammar_.alternatives(
      {grammar_.character(plain_characters()), grammar_.sequence({grammar_.bytes("\\"), escape})});
}

ExpressionId JsonText::rule(std::optional<RuleId>& known, const char* name, ExpressionId (JsonText::*make)()) {
  if (!known) {
    known = grammar_.add_rule(name);
    grammar_.define(*known, (this->*make)());
  }
  return grammar_.reference(*known);
}

ExpressionId JsonText::value() { return rule(value_, "JSON value", &JsonText::make_value); }
ExpressionId JsonText::object() { return rule(object_, "JSON object", &JsonText::make_object); }
ExpressionId JsonText::array() { return rule(array_, "JSON array", &JsonText::make_array); }
ExpressionId JsonText::string() { return rule(string_, "JSON string", &JsonText::make_string); }
ExpressionId JsonText::number() { return rule(number_, "JSON number", &JsonText::make_number); }

ExpressionId JsonText::comma() {
  return grammar_.sequence({grammar_.bytes(","), grammar_.optional(grammar_.bytes(" "))});
}
ExpressionId JsonText::colon() {
  return grammar_.sequence({grammar_.bytes(":"), grammar_.optional(grammar_.bytes(" "))});
}

ExpressionId JsonText::string(uint32_t least, uint32_t most) {
  return grammar_.sequence({grammar_.bytes("\""), grammar_.repeat(character(), least, most), grammar_.bytes("\"")});
}

ExpressionId JsonText::array_of(ExpressionId item, uint32_t least, uint32_t most) {
  const auto one_less = [](uint32_t count) { return count == kUnlimited || count == 0 ? count : count - 1; };
  if (most == 0) return least == 0 ? grammar_.bytes("[]") : grammar_.nothing();
  const ExpressionId rest = grammar_.repeat(grammar_.sequence({comma(), item}), one_less(least), one_less(most));
  const ExpressionId items = grammar_.sequence({item, rest});
  return grammar_.sequence({grammar_.bytes("["), least == 0 ? grammar_.optional(items) : items, grammar_.bytes("]")});
}

ExpressionId JsonText::make_value() {
  return grammar_.alternatives(
      {object(), array(), string(), number(), grammar_.bytes("true"), grammar_.bytes("false"), grammar_.bytes("null")});
}

ExpressionId JsonText::make_object() {
  const ExpressionId member = grammar_.sequence({string(), colon(), value()});
  const ExpressionId rest = grammar_.repeat(grammar_.sequence({comma(), member}), 0, kUnlimited);
  const ExpressionId members = grammar_.optional(grammar_.sequence({member, rest}));
  return grammar_.sequence({grammar_.bytes("{"), members, grammar_.bytes("}")});
}

ExpressionId JsonText::make_array() { return array_of(value(), 0, kUnlimited); }
ExpressionId JsonText::make_string() { return string(0, kUnlimited); }

ExpressionId JsonText::integer() {
  const ExpressionId more = grammar_.repeat(grammar_.character(digits(U'0')), 0, kUnlimited);
  const ExpressionId magnitude =
      grammar_.alternatives({grammar_.bytes("0"), grammar_.sequence({grammar_.character(digits(U'1')), more})});
  return grammar_.sequence({grammar_.optional(grammar_.bytes("-")), magnitude});
}

ExpressionId JsonText::make_number() {
  const ExpressionId some = grammar_.repeat(grammar_.character(digits(U'0')), 1, kUnlimited);
  const ExpressionId fraction = grammar_.sequence({grammar_.bytes("."), some});
  const ExpressionId sign = grammar_.optional(grammar_.character({{U'+', U'+'}, {U'-', U'-'}}));
  // Three digits reach beyond what a float64 holds: more would only be infinite in more ways.
  const ExpressionId power = grammar_.repeat(grammar_.character(digits(U'0')), 1, 3);
  const ExpressionId exponent = grammar_.sequence({grammar_.character({{U'e', U'e'}, {U'E', U'E'}}), sign, power});
  return grammar_.sequence({integer(), grammar_.optional(fraction), grammar_.optional(exponent)});
}

Grammar json_grammar(JsonRoot root) {
  Grammar grammar;
  const RuleId whole = grammar.add_rule("JSON");
  JsonText text(grammar);
  grammar.define(whole, root == JsonRoot::kObject ? text.object() : text.value());
  return grammar;
}

}  // namespace hearth
