#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "emulated_cuda/ptx/module.h"
#include "emulated_cuda/ptx/number.h"

namespace hearth::ptx {

/// A variable's place: what its name means as an operand.
struct Variable {
  Space space = Space::kGlobal;
  Constant::Kind kind = Constant::Kind::kValue;
  uint64_t value = 0;  ///< As `kind` says.
  uint64_t bytes = 0;
};

/// An operand with its names looked up.
struct Operand {
  enum class Kind : uint8_t {
    kRegister,   ///< `index` is its row, `type` as declared.
    kPredicate,  ///< `index` is its number, with kNegated for "!%p1".
    kNumber,
    kVariable,  ///< Its address.
    kSpecial,   ///< A special register that stays the same while a block runs; `index` is a SpecialRegister.
    kClock,     ///< A special register that counts.
    kAddress,   ///< "[base + offset]": the base is `elements[0]`.
    kVector,    ///< "{a, b}".
    kPair,      ///< "p|q".
    kSink,      ///< "_": nobody wants this result.
    kName,      ///< A label or function.
    kList,      ///< "(a, b)", of a call.
  };
  Kind kind = Kind::kName;
  Type type = Type::kB32;
  uint32_t index = 0;
  Number number;
  Variable variable;
  std::string_view name;
  int64_t offset = 0;
  std::vector<Operand> elements;
};

/// One instruction as written.
struct Statement {
  uint32_t line = 0;
  uint32_t guard = kAlways;
  std::string_view opcode;  ///< "ld" of "ld.global.v4.b32".
  std::vector<std::string_view> modifiers;
  std::vector<Operand> operands;
};

}  // namespace hearth::ptx
