// The part of Interpreter that calls methods, functions and macros.

#include <fmt/format.h>

#include <algorithm>

#include "base/errors.h"
#include "text/chat_template/interpreter.h"
#include "text/chat_template/operators.h"

namespace hearth::jinja {

Result<Arguments> Interpreter::evaluate_arguments(const CallArguments& arguments, const ScopePointer& scope) {
  Arguments result;
  for (const ExpressionPointer& argument : arguments.positional) {
    HEARTH_ASSIGN_OR_RETURN(Value value, evaluate(*argument, scope));
    result.positional.push_back(std::move(value));
  }
  for (const auto& [name, argument] : arguments.named) {
    HEARTH_ASSIGN_OR_RETURN(Value value, evaluate(*argument, scope));
    result.named.emplace_back(name, std::move(value));
  }
  if (arguments.more_positional) {
    HEARTH_ASSIGN_OR_RETURN(const Value more, evaluate(*arguments.more_positional, scope));
    HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> values, iterate(budget_, more));
    result.positional.insert(result.positional.end(), values.begin(), values.end());
  }
  if (arguments.more_named) {
    HEARTH_ASSIGN_OR_RETURN(const Value more, evaluate(*arguments.more_named, scope));
    if (!more.is_dictionary()) return invalid_argument("after '**' stands a dictionary, not a {}", more.type_name());
    HEARTH_RETURN_IF_ERROR(budget_.allocate(more.dictionary()->entries.size() * sizeof(Value)));
    for (const auto& [name, value] : more.dictionary()->entries) {
      if (!name.is_string()) return invalid_argument("the names of arguments are strings, not a {}", name.type_name());
      result.named.emplace_back(name.text().bytes(), value);
    }
  }
  return result;
}

Result<Value> Interpreter::call_expression(const Expression& node, const ScopePointer& scope, const Value* caller) {
  HEARTH_ASSIGN_OR_RETURN(const Value callee, evaluate(*node.children[0], scope));
  HEARTH_ASSIGN_OR_RETURN(Arguments arguments, evaluate_arguments(node.arguments, scope));
  if (caller) arguments.named.emplace_back("caller", *caller);
  position_ = node.position;
  return call(callee, std::move(arguments));
}

Result<Value> Interpreter::call(const Value& callee, Arguments arguments) {
  if (callee.is_undefined()) return invalid_argument("{}", callee.undefined_message());
  if (const Method* method = callee.method()) return method->function(runtime_, method->self, arguments);
  Object* object = callee.object();
  if (!object) return invalid_argument("a {} cannot be called", callee.type_name());
  switch (object->kind) {
    case Object::Kind::kFunction:
      return static_cast<FunctionObject*>(object)->function(runtime_, Value(), arguments);
    case Object::Kind::kMacro:
      return call_macro(*static_cast<MacroObject*>(object), std::move(arguments));
    case Object::Kind::kJoiner: {
      auto& joiner = *static_cast<JoinerObject*>(object);
      return std::exchange(joiner.used, true) ? joiner.separator : make_text("", true);
    }
    default:
      return invalid_argument("a {} cannot be called", callee.type_name());
  }
}

Result<Value> Interpreter::make_macro(const MacroDefinition& definition, const ScopePointer& scope) {
  HEARTH_RETURN_IF_ERROR(budget_.allocate(sizeof(MacroObject) + sizeof(Scope)));
  return Value(static_cast<Object*>(runtime_.make<MacroObject>(&definition, scope)));
}

Result<Value> Interpreter::call_macro(const MacroObject& macro, Arguments arguments) {
  Nesting nesting(budget_);
  HEARTH_RETURN_IF_ERROR(nesting.enter());
  const auto scope = std::make_shared<Scope>();
  scope->parent = macro.scope;
  HEARTH_RETURN_IF_ERROR(bind_parameters(macro, arguments, scope));
  HEARTH_RETURN_IF_ERROR(bind_special_names(macro, arguments, scope));
  for (const Parameter& parameter : macro.definition->parameters) {
    if (scope->variables.contains(parameter.name)) continue;
    Value value = Value::undefined(fmt::format("parameter '{}' was not provided", parameter.name));
    if (parameter.fallback) {
      HEARTH_ASSIGN_OR_RETURN(value, evaluate(*parameter.fallback, scope));
    }
    scope->variables[parameter.name] = value;
  }
  return capture(macro.definition->body, scope);
}

/// Gives parameters their values, and takes those from `arguments`.
Status Interpreter::bind_parameters(const MacroObject& macro, Arguments& arguments, const ScopePointer& scope) {
  const std::vector<Parameter>& parameters = macro.definition->parameters;
  const size_t given = std::min(arguments.positional.size(), parameters.size());
  for (size_t i = 0; i < given; ++i) scope->variables[parameters[i].name] = arguments.positional[i];
  arguments.positional.erase(arguments.positional.begin(),
                             arguments.positional.begin() + static_cast<ptrdiff_t>(given));
  for (size_t i = given; i < parameters.size(); ++i) {
    const auto found = std::ranges::find(arguments.named, parameters[i].name, &std::pair<std::string, Value>::first);
    if (found == arguments.named.end()) continue;
    scope->variables[parameters[i].name] = found->second;
    arguments.named.erase(found);
  }
  return {};
}

/// Gives the rest to varargs, kwargs and caller, as far as the macro's body uses them.
Status Interpreter::bind_special_names(const MacroObject& macro, Arguments& arguments, const ScopePointer& scope) {
  const MacroDefinition& definition = *macro.definition;
  if (definition.uses_caller && !scope->variables.contains("caller")) {
    const auto found = std::ranges::find(arguments.named, "caller", &std::pair<std::string, Value>::first);
    scope->variables["caller"] = found == arguments.named.end() ? Value::undefined("No caller defined") : found->second;
    if (found != arguments.named.end()) arguments.named.erase(found);
  }
  if (definition.uses_kwargs) {
    Dictionary rest;
    for (const auto& [name, value] : arguments.named) rest.set(string_key(name), make_text(name, true), value);
    HEARTH_ASSIGN_OR_RETURN(scope->variables["kwargs"], make_dictionary(budget_, std::move(rest)));
  } else if (!arguments.named.empty()) {
    return invalid_argument("the macro '{}' has no parameter '{}'", definition.name, arguments.named[0].first);
  }
  if (definition.uses_varargs) {
    HEARTH_ASSIGN_OR_RETURN(scope->variables["varargs"],
                            make_sequence(budget_, Sequence::Kind::kTuple, std::move(arguments.positional)));
  } else if (!arguments.positional.empty()) {
    return invalid_argument("the macro '{}' takes {} arguments at the most", definition.name,
                            definition.parameters.size());
  }
  return {};
}

}  // namespace hearth::jinja
