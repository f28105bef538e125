#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "emulated_cuda/ptx/decoder.h"
#include "emulated_cuda/ptx/warp.h"

/// What the families of instructions share: reading and writing lanes of registers as values.
namespace hearth::ptx {

/// A register's value as T. The bits of a register beyond its type say nothing: whoever reads cuts them off.
template <typename T>
T narrow(uint64_t bits) {
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<float>(static_cast<uint32_t>(bits));
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<double>(bits);
  } else {
    return static_cast<T>(bits);
  }
}

/// What a register holds for a value; signed integers are extended, as loads and conversions into wider registers want.
template <typename T>
uint64_t widen(T value) {
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<uint32_t>(value);
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<uint64_t>(value);
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<uint64_t>(static_cast<int64_t>(value));
  } else {
    return static_cast<uint64_t>(value);
  }
}

/// operands[0] = Operation(operands[1], …) in each lane, of values of type T.
template <typename T, typename Operation>
void unary(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  for_each_lane(lanes, [&](int lane) { to[lane] = widen(Operation{}(narrow<T>(a[lane]))); });
}

template <typename T, typename Operation>
void binary(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const uint64_t* b = warp.row(instruction.operands[2]);
  for_each_lane(lanes, [&](int lane) { to[lane] = widen(Operation{}(narrow<T>(a[lane]), narrow<T>(b[lane]))); });
}

template <typename T, typename Operation>
void ternary(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const uint64_t* b = warp.row(instruction.operands[2]);
  const uint64_t* c = warp.row(instruction.operands[3]);
  for_each_lane(lanes, [&](int lane) {
    to[lane] = widen(Operation{}(narrow<T>(a[lane]), narrow<T>(b[lane]), narrow<T>(c[lane])));
  });
}

/// Calls visit with a value of the C++ type that an integer type is computed in.
template <typename Visit>
auto visit_integer(Type type, Visit visit) {
  switch (type) {
    case Type::kU8:
    case Type::kB8:
      return visit(uint8_t{});
    case Type::kS8:
      return visit(int8_t{});
    case Type::kU16:
    case Type::kB16:
      return visit(uint16_t{});
    case Type::kS16:
      return visit(int16_t{});
    case Type::kS32:
      return visit(int32_t{});
    case Type::kU64:
    case Type::kB64:
      return visit(uint64_t{});
    case Type::kS64:
      return visit(int64_t{});
    default:
      return visit(uint32_t{});
  }
}

/// The instruction's `execute` for an integer type: `Family<T>::execute` for the type's T.
template <template <typename> typename Family>
Execute for_integer(Type type) {
  return visit_integer(type, [](auto zero) -> Execute { return &Family<decltype(zero)>::execute; });
}

/// Decodes "op.type d, a" and so on: a destination and `count` sources of one type.
inline void decode_operands(Decoder& decoder, Instruction& instruction, Type type, size_t count) {
  instruction.type = type;
  instruction.operands[0] = decoder.destination(type);
  for (size_t i = 1; i <= count; ++i) instruction.operands[i] = decoder.source(type);
}

}  // namespace hearth::ptx
