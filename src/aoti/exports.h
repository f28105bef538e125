#pragma once

#include <span>
#include <string_view>

namespace hearth {

/// A function that compiled models may call.
struct ExportedFunction {
  std::string_view name;
  void (*address)();  ///< Of whatever type the function really has.
};

/// All functions of symbols.def that exist on this machine. Their addresses are taken here, so whoever links this room
/// gets the objects that hold them, and a name without a function does not link.
std::span<const ExportedFunction> exported_functions();

/// True when `name` is one of them.
bool is_exported(std::string_view name);

}  // namespace hearth
