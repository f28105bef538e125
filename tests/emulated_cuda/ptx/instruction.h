#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "emulated_cuda/ptx/types.h"

namespace hearth::ptx {

class Function;
class Warp;
struct Instruction;

inline constexpr int kLanes = 32;
/// One bit for each lane of a warp.
using LaneMask = uint32_t;
inline constexpr LaneMask kAllLanes = ~LaneMask{0};

/// Does one instruction for the lanes in `lanes`, which is never empty.
using Execute = void (*)(const Instruction& instruction, Warp& warp, LaneMask lanes);

/// Predicates are numbered from 1; number 0 is always false. This bit asks for the opposite.
inline constexpr uint32_t kNegated = 0x8000'0000U;
inline constexpr uint32_t kAlways = kNegated;

/// Copies between the parameter memory of a caller and that of the function that it calls.
struct ParameterCopy {
  uint32_t caller_offset = 0;
  uint32_t callee_offset = 0;
  uint32_t bytes = 0;
};

/// A call as written, with its target found. A target without a body is called by name.
struct CallSite {
  const Function* callee = nullptr;
  std::vector<ParameterCopy> arguments;
  std::vector<ParameterCopy> results;
};

/// One decoded instruction. What the operands are, rows of registers or numbers of predicates, is known to `execute`;
/// the decoder that made the instruction and the function that it chose lie in one file.
struct Instruction {
  Execute execute = nullptr;
  uint32_t line = 0;
  uint32_t guard = kAlways;  ///< A predicate: only its lanes take part.
  std::array<uint32_t, 20> operands{};
  int64_t offset = 0;             ///< Added to an address operand.
  int64_t second_offset = 0;      ///< Of a second one.
  uint32_t target = 0;            ///< Where a branch goes; the entry of `calls` for a call.
  uint32_t options = 0;           ///< Whatever `execute` wants to know besides, as its decoder wrote it.
  Space space = Space::kGeneric;  ///< Of an access to memory.
  Type type = Type::kB32;         ///< Of its elements.
  Type source_type = Type::kB32;  ///< Of a conversion's source.
  uint8_t count = 1;              ///< Of its elements.
  bool narrow_address = false;    ///< The base of the address is a register of 32 bits.
};

/// Calls visit(lane) for each lane of the mask, from the lowest on.
template <typename Visit>
void for_each_lane(LaneMask lanes, Visit visit) {
  if (lanes == kAllLanes) {
    for (int lane = 0; lane < kLanes; ++lane) visit(lane);
    return;
  }
  for (; lanes != 0; lanes &= lanes - 1) visit(std::countr_zero(lanes));
}

}  // namespace hearth::ptx
