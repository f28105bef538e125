#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "emulated_cuda/ptx/statement.h"

namespace hearth::ptx {

/// The names that are declared between two braces.
class Scope {
 public:
  /// Declares one register; false when the name is taken.
  bool declare_register(std::string_view name, Type type, uint32_t index);
  /// Declares "%r<count>": the registers %r0 to %r(count - 1), numbered from `first`; false when the name is taken.
  bool declare_registers(std::string_view prefix, Type type, uint32_t first, uint32_t count);
  bool declare_variable(std::string_view name, const Variable& variable);

  /// The operand that a name stands for here, if it does.
  std::optional<Operand> find(std::string_view name) const;

 private:
  struct Range {
    Type type = Type::kB32;
    uint32_t first = 0;
    uint32_t count = 0;
  };

  std::unordered_map<std::string_view, Operand> names_;
  std::unordered_map<std::string_view, Range> ranges_;
};

/// The operand of a special register, "%tid.x", if there is one of that name.
std::optional<Operand> special_register(std::string_view name);

}  // namespace hearth::ptx
