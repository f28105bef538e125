#pragma once

#include <map>
#include <memory>
#include <string>

#include "text/chat_template/runtime.h"
#include "text/chat_template/syntax_tree.h"

namespace hearth::jinja {

/// The variables of a block, seen by those inside of it.
struct Scope {
  std::shared_ptr<const Scope> parent;
  std::map<std::string, Value, std::less<>> variables;

  /// Null when neither it nor a parent has the variable.
  const Value* find(std::string_view name) const {
    for (const Scope* scope = this; scope; scope = scope->parent.get()) {
      if (const auto found = scope->variables.find(name); found != scope->variables.end()) return &found->second;
    }
    return nullptr;
  }
};

/// A macro, with the scope that its body sees.
struct MacroObject : Object {
  MacroObject(const MacroDefinition* macro, std::shared_ptr<Scope> outer)
      : Object(Kind::kMacro), definition(macro), scope(std::move(outer)) {}
  const MacroDefinition* definition;
  std::shared_ptr<Scope> scope;
};

}  // namespace hearth::jinja
