// The half of Interpreter that evaluates expressions, calls aside.

#include <fmt/format.h>

#include <array>

#include "base/errors.h"
#include "text/chat_template/access.h"
#include "text/chat_template/builtins.h"
#include "text/chat_template/interpreter.h"
#include "text/chat_template/operators.h"
#include "text/chat_template/printing.h"

namespace hearth::jinja {

using Kind = Expression::Kind;

Result<Value> Interpreter::evaluate(const Expression& node, const ScopePointer& scope) {
  Nesting nesting(budget_);
  HEARTH_RETURN_IF_ERROR(nesting.enter());
  return evaluate_kind(node, scope);
}

Result<Value> Interpreter::evaluate_kind(const Expression& node, const ScopePointer& scope) {
  switch (node.kind) {
    case Kind::kConstant:
      return node.constant;
    case Kind::kName:
      return look_up(node, scope);
    case Kind::kList:
    case Kind::kTuple:
      return make_list(node, scope);
    case Kind::kDictionary:
      return make_dict(node, scope);
    case Kind::kSlice:
      return take_slice(node, scope);
    case Kind::kCall:
      return call_expression(node, scope, nullptr);
    case Kind::kFilter:
      return apply_filter(node, nullptr, scope);
    case Kind::kTest:
      return apply_test(node, scope);
    case Kind::kAnd:
    case Kind::kOr:
    case Kind::kConditional:
      return choose(node, scope);
    case Kind::kConcatenate:
      return concatenate(node, scope);
    case Kind::kCompare:
      return compare_chain(node, scope);
    default:
      return combine(node, scope);
  }
}

Result<Value> Interpreter::look_up(const Expression& node, const ScopePointer& scope) {
  if (const Value* found = scope->find(node.name)) return *found;
  if (const auto known = functions_.find(node.name); known != functions_.end()) return Value(known->second);
  const Function function = find_global(node.name);
  if (!function) return Value::undefined(fmt::format("'{}' is undefined", node.name));
  Object* object = runtime_.make<FunctionObject>(function);
  functions_[node.name] = object;
  return Value(object);
}

Result<Value> Interpreter::make_list(const Expression& node, const ScopePointer& scope) {
  std::vector<Value> items;
  for (const ExpressionPointer& child : node.children) {
    HEARTH_ASSIGN_OR_RETURN(Value item, evaluate(*child, scope));
    items.push_back(std::move(item));
  }
  return make_sequence(budget_, node.kind == Kind::kList ? Sequence::Kind::kList : Sequence::Kind::kTuple,
                       std::move(items));
}

Result<Value> Interpreter::make_dict(const Expression& node, const ScopePointer& scope) {
  Dictionary dictionary;
  for (size_t i = 0; i + 1 < node.children.size(); i += 2) {
    HEARTH_ASSIGN_OR_RETURN(const Value key, evaluate(*node.children[i], scope));
    HEARTH_ASSIGN_OR_RETURN(const Value value, evaluate(*node.children[i + 1], scope));
    HEARTH_ASSIGN_OR_RETURN(const std::string identity, dictionary_key(budget_, key));
    dictionary.set(identity, key, value);
  }
  return make_dictionary(budget_, std::move(dictionary));
}

Result<Value> Interpreter::take_slice(const Expression& node, const ScopePointer& scope) {
  std::array<Value, 4> parts;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!node.children[i]) continue;
    HEARTH_ASSIGN_OR_RETURN(parts[i], evaluate(*node.children[i], scope));
  }
  position_ = node.position;
  return get_slice(budget_, parts[0], parts[1], parts[2], parts[3]);
}

/// Expressions that leave some of their parts unevaluated.
Result<Value> Interpreter::choose(const Expression& node, const ScopePointer& scope) {
  HEARTH_ASSIGN_OR_RETURN(Value first, evaluate(*node.children[0], scope));
  const bool holds = is_true(first);
  if (node.kind == Kind::kAnd) return holds ? evaluate(*node.children[1], scope) : std::move(first);
  if (node.kind == Kind::kOr) return holds ? std::move(first) : evaluate(*node.children[1], scope);
  if (holds) return evaluate(*node.children[1], scope);
  if (node.children[2]) return evaluate(*node.children[2], scope);
  return Value::undefined("the condition does not hold and there is no 'else'");
}

/// Operators with one or two operands.
Result<Value> Interpreter::combine(const Expression& node, const ScopePointer& scope) {
  HEARTH_ASSIGN_OR_RETURN(const Value first, evaluate(*node.children[0], scope));
  Value second;
  if (node.children.size() > 1) {
    HEARTH_ASSIGN_OR_RETURN(second, evaluate(*node.children[1], scope));
  }
  position_ = node.position;
  switch (node.kind) {
    case Kind::kAttribute:
      return get_attribute(runtime_, first, node.name);
    case Kind::kItem:
      return get_item(runtime_, first, second);
    case Kind::kNot:
      return Value(!is_true(first));
    case Kind::kNegative:
      return negate(first);
    case Kind::kPositive:
      return calculate(budget_, BinaryOperator::kMultiply, Value(int64_t{1}), first);
    default:
      return calculate(budget_, node.operation, first, second);
  }
}

Result<Value> Interpreter::concatenate(const Expression& node, const ScopePointer& scope) {
  TextBuilder builder(budget_);
  for (const ExpressionPointer& child : node.children) {
    HEARTH_ASSIGN_OR_RETURN(const Value part, evaluate(*child, scope));
    HEARTH_RETURN_IF_ERROR(append_str(budget_, builder, part));
  }
  return builder.finish();
}

Result<Value> Interpreter::compare_chain(const Expression& node, const ScopePointer& scope) {
  HEARTH_ASSIGN_OR_RETURN(Value left, evaluate(*node.children[0], scope));
  for (size_t i = 0; i < node.comparisons.size(); ++i) {
    HEARTH_ASSIGN_OR_RETURN(Value right, evaluate(*node.children[i + 1], scope));
    position_ = node.position;
    HEARTH_ASSIGN_OR_RETURN(const bool holds, compare(budget_, node.comparisons[i], left, right));
    if (!holds) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

Result<Value> Interpreter::apply_filter(const Expression& node, const Value* head, const ScopePointer& scope) {
  Value input;
  if (!node.children[0]) {
    input = *head;
  } else if (node.children[0]->kind == Kind::kFilter) {
    Nesting nesting(budget_);
    HEARTH_RETURN_IF_ERROR(nesting.enter());
    HEARTH_ASSIGN_OR_RETURN(input, apply_filter(*node.children[0], head, scope));
  } else {
    HEARTH_ASSIGN_OR_RETURN(input, evaluate(*node.children[0], scope));
  }
  HEARTH_ASSIGN_OR_RETURN(const Arguments arguments, evaluate_arguments(node.arguments, scope));
  position_ = node.position;
  return find_filter(node.name)(runtime_, input, arguments);
}

Result<Value> Interpreter::apply_test(const Expression& node, const ScopePointer& scope) {
  HEARTH_ASSIGN_OR_RETURN(const Value subject, evaluate(*node.children[0], scope));
  HEARTH_ASSIGN_OR_RETURN(const Arguments arguments, evaluate_arguments(node.arguments, scope));
  position_ = node.position;
  return find_test(node.name)(runtime_, subject, arguments);
}

}  // namespace hearth::jinja
