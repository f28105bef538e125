// The half of Interpreter that runs statements.

#include <utility>

#include "base/errors.h"
#include "text/chat_template/interpreter.h"
#include "text/chat_template/loop.h"
#include "text/chat_template/operators.h"
#include "text/chat_template/printing.h"

namespace hearth::jinja {
namespace {

Interpreter::ScopePointer inner_scope(const Interpreter::ScopePointer& outer) {
  auto scope = std::make_shared<Scope>();
  scope->parent = outer;
  return scope;
}

/// The items of a for statement that its condition lets pass.
class LoopSource : public LoopObject::Source {
 public:
  LoopSource(Interpreter& interpreter, const Statement& statement, Interpreter::ScopePointer scope,
             std::vector<Value> items)
      : interpreter_(interpreter), statement_(statement), scope_(std::move(scope)), items_(std::move(items)) {}

  Result<std::optional<Value>> next() override {
    while (index_ < items_.size()) {
      const Value& item = items_[index_++];
      if (!statement_.condition) return std::optional(item);
      const Interpreter::ScopePointer scope = inner_scope(scope_);
      HEARTH_RETURN_IF_ERROR(interpreter_.assign(statement_.target, item, scope));
      HEARTH_ASSIGN_OR_RETURN(const Value passes, interpreter_.evaluate(*statement_.condition, scope));
      if (is_true(passes)) return std::optional(item);
    }
    return std::optional<Value>();
  }

  std::optional<size_t> size() const override {
    return statement_.condition ? std::nullopt : std::optional(items_.size());
  }

 private:
  Interpreter& interpreter_;
  const Statement& statement_;
  Interpreter::ScopePointer scope_;
  std::vector<Value> items_;
  size_t index_ = 0;
};

}  // namespace

Result<OriginText> Interpreter::run(const Body& body, const ScopePointer& globals) {
  TextBuilder output(budget_);
  output_ = &output;
  const Result<Flow> flow = execute(body, globals);
  output_ = nullptr;
  Result<OriginText> text = flow.ok() ? output.take() : flow.status();
  if (text.ok()) return text;
  return text.status().with_context(fmt::format("chat template, line {}, column {}", position_.line, position_.column));
}

Result<Interpreter::Flow> Interpreter::execute(const Body& body, const ScopePointer& scope) {
  for (const auto& statement : body) {
    Nesting nesting(budget_);
    position_ = statement->position;
    HEARTH_RETURN_IF_ERROR(nesting.enter());
    HEARTH_ASSIGN_OR_RETURN(const Flow flow, execute(*statement, scope));
    if (output_->size() > budget_.limits().output_bytes) {
      return invalid_argument("the text is longer than TemplateLimits::output_bytes, {}",
                              budget_.limits().output_bytes);
    }
    if (flow != Flow::kNormal) return flow;
  }
  return Flow::kNormal;
}

Status Interpreter::print(const Value& value) {
  HEARTH_RETURN_IF_ERROR(append_str(budget_, *output_, value));
  return output_->status();
}

Result<Interpreter::Flow> Interpreter::execute(const Statement& statement, const ScopePointer& scope) {
  switch (statement.kind) {
    case Statement::Kind::kText:
      HEARTH_RETURN_IF_ERROR(print(statement.text));
      break;
    case Statement::Kind::kPrint: {
      HEARTH_ASSIGN_OR_RETURN(const Value value, evaluate(*statement.expression, scope));
      HEARTH_RETURN_IF_ERROR(print(value));
      break;
    }
    case Statement::Kind::kFor:
      return run_for(statement, scope);
    case Statement::Kind::kIf:
      return run_if(statement, scope);
    case Statement::Kind::kSet: {
      HEARTH_ASSIGN_OR_RETURN(const Value value, evaluate(*statement.expression, scope));
      HEARTH_RETURN_IF_ERROR(assign(statement.target, value, scope));
      break;
    }
    case Statement::Kind::kSetBlock:
      HEARTH_RETURN_IF_ERROR(run_set_block(statement, scope));
      break;
    case Statement::Kind::kMacro: {
      HEARTH_ASSIGN_OR_RETURN(scope->variables[statement.macro.name], make_macro(statement.macro, scope));
      break;
    }
    case Statement::Kind::kCall:
      HEARTH_RETURN_IF_ERROR(run_call(statement, scope));
      break;
    case Statement::Kind::kFilter:
      HEARTH_RETURN_IF_ERROR(run_filter(statement, scope));
      break;
    case Statement::Kind::kWith:
      return run_with(statement, scope);
    case Statement::Kind::kScope:
      return execute(statement.body, inner_scope(scope));
    case Statement::Kind::kBreak:
      return Flow::kBreak;
    case Statement::Kind::kContinue:
      return Flow::kContinue;
  }
  return Flow::kNormal;
}

Result<Interpreter::Flow> Interpreter::run_for(const Statement& statement, const ScopePointer& scope) {
  HEARTH_ASSIGN_OR_RETURN(const Value iterable, evaluate(*statement.expression, scope));
  HEARTH_ASSIGN_OR_RETURN(std::vector<Value> items, iterate(budget_, iterable));
  HEARTH_RETURN_IF_ERROR(budget_.allocate(sizeof(LoopObject)));
  LoopSource source(*this, statement, scope, std::move(items));
  LoopObject& loop = *runtime_.make<LoopObject>(source);
  Flow flow = Flow::kNormal;
  while (flow != Flow::kBreak) {
    HEARTH_RETURN_IF_ERROR(budget_.step());
    HEARTH_ASSIGN_OR_RETURN(const bool more, loop.advance());
    if (!more) break;
    const ScopePointer inner = inner_scope(scope);
    inner->variables["loop"] = Value(static_cast<Object*>(&loop));
    HEARTH_RETURN_IF_ERROR(assign(statement.target, *loop.current, inner));
    HEARTH_ASSIGN_OR_RETURN(flow, execute(statement.body, inner));
  }
  loop.source = nullptr;
  if (loop.index < 0) return execute(statement.otherwise, inner_scope(scope));
  return Flow::kNormal;
}

Result<Interpreter::Flow> Interpreter::run_if(const Statement& statement, const ScopePointer& scope) {
  HEARTH_ASSIGN_OR_RETURN(const Value condition, evaluate(*statement.expression, scope));
  return execute(is_true(condition) ? statement.body : statement.otherwise, scope);
}

Result<Interpreter::Flow> Interpreter::run_with(const Statement& statement, const ScopePointer& scope) {
  const ScopePointer inner = inner_scope(scope);
  for (size_t i = 0; i < statement.targets.size(); ++i) {
    HEARTH_ASSIGN_OR_RETURN(const Value value, evaluate(*statement.values[i], scope));
    HEARTH_RETURN_IF_ERROR(assign(statement.targets[i], value, inner));
  }
  return execute(statement.body, inner);
}

Result<Value> Interpreter::capture(const Body& body, const ScopePointer& scope) {
  TextBuilder captured(budget_);
  TextBuilder* outer = std::exchange(output_, &captured);
  const Result<Flow> flow = execute(body, scope);
  output_ = outer;
  HEARTH_RETURN_IF_ERROR(flow.status());
  return captured.finish();
}

Status Interpreter::run_set_block(const Statement& statement, const ScopePointer& scope) {
  HEARTH_ASSIGN_OR_RETURN(Value value, capture(statement.body, inner_scope(scope)));
  if (statement.expression) {
    HEARTH_ASSIGN_OR_RETURN(value, apply_filter(*statement.expression, &value, scope));
  }
  return assign(statement.target, value, scope);
}

Status Interpreter::run_call(const Statement& statement, const ScopePointer& scope) {
  HEARTH_ASSIGN_OR_RETURN(const Value caller, make_macro(statement.macro, scope));
  HEARTH_ASSIGN_OR_RETURN(const Value value, call_expression(*statement.expression, scope, &caller));
  return print(value);
}

Status Interpreter::run_filter(const Statement& statement, const ScopePointer& scope) {
  HEARTH_ASSIGN_OR_RETURN(const Value value, capture(statement.body, inner_scope(scope)));
  HEARTH_ASSIGN_OR_RETURN(const Value filtered, apply_filter(*statement.expression, &value, scope));
  return print(filtered);
}

Status Interpreter::assign(const Target& target, const Value& value, const ScopePointer& scope) {
  if (target.is_tuple) {
    HEARTH_ASSIGN_OR_RETURN(const std::vector<Value> parts, iterate(budget_, value));
    if (parts.size() != target.parts.size()) {
      return invalid_argument("{} values cannot be set to {} names", parts.size(), target.parts.size());
    }
    for (size_t i = 0; i < parts.size(); ++i) HEARTH_RETURN_IF_ERROR(assign(target.parts[i], parts[i], scope));
    return {};
  }
  if (target.attribute.empty()) {
    scope->variables[target.name] = value;
    return {};
  }
  const Value* owner = scope->find(target.name);
  Object* object = owner ? owner->object() : nullptr;
  if (!object || object->kind != Object::Kind::kNamespace) {
    return invalid_argument("attributes can be set of a namespace only, and '{}' is none", target.name);
  }
  static_cast<NamespaceObject*>(object)->attributes.set(string_key(target.attribute), make_text(target.attribute, true),
                                                        value);
  return {};
}

}  // namespace hearth::jinja
