#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "hearth/status.h"
#include "text/chat_template/macro.h"
#include "text/chat_template/runtime.h"
#include "text/chat_template/syntax_tree.h"
#include "text/chat_template/text_builder.h"

namespace hearth::jinja {

/// Runs a template once. The template and the runtime must outlive it.
class Interpreter {
 public:
  using ScopePointer = std::shared_ptr<Scope>;

  explicit Interpreter(Runtime& runtime) : runtime_(runtime), budget_(runtime.budget) {}

  /// What the template prints, with the variables of `globals`. kInvalidArgument says line and column, and what the
  /// template itself complains of.
  Result<OriginText> run(const Body& body, const ScopePointer& globals);

  Result<Value> evaluate(const Expression& node, const ScopePointer& scope);
  Status assign(const Target& target, const Value& value, const ScopePointer& scope);

 private:
  enum class Flow : unsigned char { kNormal, kBreak, kContinue };

  Result<Flow> execute(const Body& body, const ScopePointer& scope);
  Result<Flow> execute(const Statement& statement, const ScopePointer& scope);
  Result<Flow> run_for(const Statement& statement, const ScopePointer& scope);
  Result<Flow> run_if(const Statement& statement, const ScopePointer& scope);
  Result<Flow> run_with(const Statement& statement, const ScopePointer& scope);
  Status run_set_block(const Statement& statement, const ScopePointer& scope);
  Status run_call(const Statement& statement, const ScopePointer& scope);
  Status run_filter(const Statement& statement, const ScopePointer& scope);
  Status print(const Value& value);
  /// What `body` prints; a break or continue in it ends it.
  Result<Value> capture(const Body& body, const ScopePointer& scope);

  Result<Value> evaluate_kind(const Expression& node, const ScopePointer& scope);
  Result<Value> look_up(const Expression& node, const ScopePointer& scope);
  Result<Value> make_list(const Expression& node, const ScopePointer& scope);
  Result<Value> make_dict(const Expression& node, const ScopePointer& scope);
  Result<Value> take_slice(const Expression& node, const ScopePointer& scope);
  Result<Value> choose(const Expression& node, const ScopePointer& scope);
  Result<Value> combine(const Expression& node, const ScopePointer& scope);
  Result<Value> concatenate(const Expression& node, const ScopePointer& scope);
  Result<Value> compare_chain(const Expression& node, const ScopePointer& scope);
  Result<Value> apply_filter(const Expression& node, const Value* head, const ScopePointer& scope);
  Result<Value> apply_test(const Expression& node, const ScopePointer& scope);
  Result<Value> call_expression(const Expression& node, const ScopePointer& scope, const Value* caller);
  Result<Arguments> evaluate_arguments(const CallArguments& arguments, const ScopePointer& scope);

  Result<Value> call(const Value& callee, Arguments arguments);
  Result<Value> call_macro(const MacroObject& macro, Arguments arguments);
  Status bind_parameters(const MacroObject& macro, Arguments& arguments, const ScopePointer& scope);
  Status bind_special_names(const MacroObject& macro, Arguments& arguments, const ScopePointer& scope);
  Result<Value> make_macro(const MacroDefinition& definition, const ScopePointer& scope);

  Runtime& runtime_;
  Budget& budget_;
  TextBuilder* output_ = nullptr;
  Position position_;
  std::map<std::string, Object*, std::less<>> functions_;
};

}  // namespace hearth::jinja
