#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/chat_template/token.h"
#include "text/chat_template/value.h"

namespace hearth::jinja {

struct Expression;
using ExpressionPointer = std::unique_ptr<const Expression>;

enum class BinaryOperator : unsigned char { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower };
enum class Comparison : unsigned char { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kNotIn };

/// What stands between the parentheses of a call.
struct CallArguments {
  std::vector<ExpressionPointer> positional;
  std::vector<std::pair<std::string, ExpressionPointer>> named;
  ExpressionPointer more_positional;  ///< After `*`; may be null.
  ExpressionPointer more_named;       ///< After `**`; may be null.
};

/// A node of an expression. `children`, by kind:
struct Expression {
  enum class Kind : unsigned char {
    kConstant,     ///< None; the value is `constant`.
    kName,         ///< None; the variable is `name`.
    kList,         ///< The items.
    kTuple,        ///< The items.
    kDictionary,   ///< Key, value, key, value…
    kAttribute,    ///< The object; the attribute is `name`.
    kItem,         ///< The object and the key.
    kSlice,        ///< The object, start, stop, step; the last three may be null.
    kCall,         ///< What is called, with `arguments`.
    kFilter,       ///< What the filter `name` gets; null at the head of a filter block.
    kTest,         ///< What the test `name` looks at.
    kNot,          ///< One.
    kNegative,     ///< One.
    kPositive,     ///< One.
    kAnd,          ///< Two.
    kOr,           ///< Two.
    kConditional,  ///< Condition, then, otherwise; the last may be null.
    kConcatenate,  ///< Two or more.
    kBinary,       ///< Two, for `operation`.
    kCompare,      ///< One more than `comparisons`.
  };

  Kind kind;
  Position position;
  std::string name;
  Value constant;
  BinaryOperator operation = BinaryOperator::kAdd;
  std::vector<Comparison> comparisons;
  std::vector<ExpressionPointer> children;
  CallArguments arguments;
  size_t depth = 1;  ///< Levels of nodes in one another.
};

/// What can be assigned to: a name, an attribute of a namespace, or several.
struct Target {
  std::string name = {};
  std::string attribute = {};  ///< Empty for a plain name.
  std::vector<Target> parts = {};
  bool is_tuple = false;
  Position position;
};

struct Parameter {
  std::string name;
  ExpressionPointer fallback;  ///< Null when there is none.
};

struct Statement;
using Body = std::vector<std::unique_ptr<const Statement>>;

/// A macro, or the body of a call block.
struct MacroDefinition {
  std::string name;
  std::vector<Parameter> parameters;
  Body body;
  bool uses_varargs = false;
  bool uses_kwargs = false;
  bool uses_caller = false;
};

/// A piece of a template. What its parts mean, by kind:
struct Statement {
  enum class Kind : unsigned char {
    kText,      ///< `text`.
    kPrint,     ///< `expression`.
    kFor,       ///< `target` in `expression`, only those for which `condition` holds; `body`, `otherwise`.
    kIf,        ///< `expression`, `body`, `otherwise`; elif is an if in `otherwise`.
    kSet,       ///< `target` to `expression`.
    kSetBlock,  ///< `target` to what `body` prints, through the filters of `expression` if there are any.
    kMacro,     ///< `macro`.
    kCall,      ///< `expression` is the call, `macro` its caller.
    kFilter,    ///< What `body` prints, through the filters of `expression`.
    kWith,      ///< `targets` to `values`, for `body` only.
    kScope,     ///< `body`.
    kBreak,
    kContinue,
  };

  Kind kind;
  Position position;
  Value text;
  ExpressionPointer expression;
  ExpressionPointer condition;
  Target target;
  std::vector<Target> targets;
  std::vector<ExpressionPointer> values;
  Body body;
  Body otherwise;
  MacroDefinition macro;
};

}  // namespace hearth::jinja
