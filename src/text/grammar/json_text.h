#pragma once

#include <optional>
#include <string>

#include "text/grammar/grammar.h"

namespace hearth {

enum class JsonRoot : uint8_t { kValue, kObject };

/// Any JSON text without white space but one space that may follow a comma or colon.
Grammar json_grammar(JsonRoot root);

/// Expressions of JSON texts, in one grammar, made when they are asked for.
class JsonText {
 public:
  explicit JsonText(Grammar& grammar) : grammar_(grammar) {}

  ExpressionId value();
  ExpressionId object();
  ExpressionId array();
  ExpressionId string();
  ExpressionId number();
  ExpressionId integer();
  /// A string of `least` to `most` code points.
  ExpressionId string(uint32_t least, uint32_t most);
  /// Items between brackets, `least` to `most` of them.
  ExpressionId array_of(ExpressionId item, uint32_t least, uint32_t most);
  ExpressionId comma();
  ExpressionId colon();
  /// A code point within quotes, written in any way.
  ExpressionId character();

 private:
  ExpressionId rule(std::optional<RuleId>& known, const char* name, ExpressionId (JsonText::*make)());
  ExpressionId make_value();
  ExpressionId make_object();
  ExpressionId make_array();
  ExpressionId make_string();
  ExpressionId make_number();

  Grammar& grammar_;
  std::optional<RuleId> value_;
  std::optional<RuleId> object_;
  std::optional<RuleId> array_;
  std::optional<RuleId> string_;
  std::optional<RuleId> number_;
};

/// The shortest escape of a code point that must not stand within quotes as it is.
std::string json_escape(char32_t code_point);

/// A code point of the set within quotes, written as it is, or with its shortest escape if it must not be.
ExpressionId json_character(Grammar& grammar, const CodePointSet& set);

}  // namespace hearth
