#pragma once

#include "emulated_cuda/ptx/operations.h"

namespace hearth::ptx {

inline bool is_packed_half(Type type) { return type == Type::kF16x2 || type == Type::kBf16x2; }

/// A half of 16 bits, of the given format, as a double.
inline double half_value(uint64_t bits, bool brain) {
  return brain ? from_bfloat(static_cast<uint16_t>(bits)) : from_half(static_cast<uint16_t>(bits));
}

/// operands[0] = operation(operands[1], operands[2], operands[3]) for each half of each lane, one or two as the
/// instruction's type says; the result, exact or rounded to odd, is rounded to the nearest half.
template <typename Operation>
void for_each_half(const Instruction& instruction, Warp& warp, LaneMask lanes, Operation operation) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const uint64_t* b = warp.row(instruction.operands[2]);
  const uint64_t* c = warp.row(instruction.operands[3]);
  const bool brain = instruction.type == Type::kBf16 || instruction.type == Type::kBf16x2;
  const int bits = is_packed_half(instruction.type) ? 32 : 16;
  for_each_lane(lanes, [&](int lane) {
    uint64_t packed = 0;
    for (int shift = 0; shift < bits; shift += 16) {
      const double value = operation(half_value(a[lane] >> shift, brain), half_value(b[lane] >> shift, brain),
                                     half_value(c[lane] >> shift, brain));
      packed |= static_cast<uint64_t>(brain ? to_bfloat(value) : to_half(value)) << shift;
    }
    to[lane] = packed;
  });
}

}  // namespace hearth::ptx
