#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "text/grammar/code_points.h"

namespace hearth {

/// An expression of a Grammar.
using ExpressionId = uint32_t;
/// A rule of a Grammar: a name for an expression, through which expressions may refer to themselves.
using RuleId = uint32_t;

inline constexpr uint32_t kUnlimited = std::numeric_limits<uint32_t>::max();

/// A context-free grammar of texts in UTF-8: what the readers of GBNF, regular expressions and JSON Schema make, and
/// what GrammarMatcher follows. Rule 0 is the whole text. Expressions may be shared.
class Grammar {
 public:
  enum class Kind : uint8_t { kBytes, kCharacter, kSequence, kAlternatives, kRepeat, kReference };
  struct Expression {
    Kind kind;
    bool may_be_empty = false;          ///< False for references, whatever their rule says.
    std::string bytes{};                ///< kBytes: exactly these.
    CodePointSet characters{};          ///< kCharacter: one of these.
    std::vector<ExpressionId> parts{};  ///< kSequence, kAlternatives, kRepeat (one).
    uint32_t least = 0;                 ///< kRepeat: how often.
    uint32_t most = 0;                  ///< kRepeat; kUnlimited: as often as one likes.
    RuleId rule = 0;                    ///< kReference.
  };
  struct Rule {
    std::string name;
    ExpressionId expression;
  };

  ExpressionId bytes(std::string_view bytes);
  ExpressionId character(CodePointSet characters);
  ExpressionId sequence(const std::vector<ExpressionId>& parts);
  ExpressionId alternatives(const std::vector<ExpressionId>& parts);
  ExpressionId repeat(ExpressionId part, uint32_t least, uint32_t most);
  ExpressionId optional(ExpressionId part) { return repeat(part, 0, 1); }
  ExpressionId reference(RuleId rule);
  /// What no text is.
  ExpressionId nothing() { return alternatives({}); }
  ExpressionId empty() { return bytes(""); }
  bool is_nothing(ExpressionId id) const;

  /// A rule that is still to be defined; until then no text fits it.
  RuleId add_rule(std::string name);
  void define(RuleId rule, ExpressionId expression) { rules_[rule].expression = expression; }

  const std::vector<Rule>& rules() const { return rules_; }
  const Expression& expression(ExpressionId id) const { return expressions_[id]; }
  /// How many expressions there are: readers limit it.
  size_t size() const { return expressions_.size(); }

 private:
  ExpressionId add(Expression expression);

  std::vector<Expression> expressions_;
  std::vector<Rule> rules_;
};

}  // namespace hearth
