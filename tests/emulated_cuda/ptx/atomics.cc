#include <array>

#include "emulated_cuda/ptx/addresses.h"
#include "emulated_cuda/ptx/half_lanes.h"

namespace hearth::ptx {
namespace {

enum class Operation : uint32_t {
  kAdd,
  kMinimum,
  kMaximum,
  kAnd,
  kOr,
  kXor,
  kExchange,
  kCompareAndSwap,
  kIncrement,
  kDecrement,
};

constexpr std::array<std::string_view, 10> kOperations = {"add", "min",  "max", "and", "or",
                                                          "xor", "exch", "cas", "inc", "dec"};

uint64_t add_halves(uint64_t a, uint64_t b, Type type) {
  const bool brain = type == Type::kBf16 || type == Type::kBf16x2;
  uint64_t packed = 0;
  for (int shift = 0; shift < (is_packed_half(type) ? 32 : 16); shift += 16) {
    const double sum = add_to_odd(half_value(a >> shift, brain), half_value(b >> shift, brain));
    packed |= static_cast<uint64_t>(brain ? to_bfloat(sum) : to_half(sum)) << shift;
  }
  return packed;
}

// Documented: in global memory, atomic additions of floats flush denormals.
uint64_t add(uint64_t a, uint64_t b, Type type, Space space) {
  switch (type) {
    case Type::kF32:
      if (space != Space::kShared) return widen(flush(flush(narrow<float>(a)) + flush(narrow<float>(b))));
      return widen(narrow<float>(a) + narrow<float>(b));
    case Type::kF64:
      return widen(narrow<double>(a) + narrow<double>(b));
    case Type::kF16:
    case Type::kF16x2:
    case Type::kBf16:
    case Type::kBf16x2:
      return add_halves(a, b, type);
    default:
      return a + b;
  }
}

double half_extreme(double a, double b, bool minimum) {
  if (std::isnan(a)) return b;
  if (std::isnan(b)) return a;
  if (a == b) return std::signbit(a) == minimum ? a : b;
  return (a < b) == minimum ? a : b;
}

uint64_t extreme(uint64_t a, uint64_t b, Type type, bool minimum) {
  if (is_floating(type)) {
    const bool brain = type == Type::kBf16 || type == Type::kBf16x2;
    uint64_t packed = 0;
    for (int shift = 0; shift < (is_packed_half(type) ? 32 : 16); shift += 16) {
      const double value = half_extreme(half_value(a >> shift, brain), half_value(b >> shift, brain), minimum);
      packed |= static_cast<uint64_t>(brain ? to_bfloat(value) : to_half(value)) << shift;
    }
    return packed;
  }
  return visit_integer(type, [&](auto zero) {
    const auto first = narrow<decltype(zero)>(a);
    const auto second = narrow<decltype(zero)>(b);
    return widen((first < second) == minimum ? first : second);
  });
}

uint64_t apply(const Instruction& instruction, uint64_t old, uint64_t b, uint64_t c) {
  const size_t bits = 8 * type_bytes(instruction.type);
  const uint64_t mask = ~uint64_t{0} >> (64 - bits);
  switch (static_cast<Operation>(instruction.options)) {
    case Operation::kAdd:
      return add(old, b, instruction.type, instruction.space);
    case Operation::kMinimum:
      return extreme(old, b, instruction.type, true);
    case Operation::kMaximum:
      return extreme(old, b, instruction.type, false);
    case Operation::kAnd:
      return old & b;
    case Operation::kOr:
      return old | b;
    case Operation::kXor:
      return old ^ b;
    case Operation::kExchange:
      return b;
    case Operation::kCompareAndSwap:
      return old == (b & mask) ? c : old;
    case Operation::kIncrement:
      return old >= (b & mask) ? 0 : old + 1;
    case Operation::kDecrement:
      return old == 0 || old > (b & mask) ? b : old - 1;
  }
  return old;
}

// operands: [0] the base, then `count` each of what was there before, the second and the third operand.
void execute_atomic(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  const size_t element = type_bytes(instruction.type);
  const size_t count = instruction.count;
  for_each_lane(lanes, [&](int lane) {
    std::byte* place =
        warp.atomic(instruction, instruction.space, lane, address_of(instruction, warp, 0, lane), element * count);
    if (place == nullptr) return;
    for (size_t i = 0; i < count; ++i) {
      uint64_t old = 0;
      std::memcpy(&old, place + i * element, element);
      const uint64_t result = apply(instruction, old, warp.row(instruction.operands[1 + count + i])[lane],
                                    warp.row(instruction.operands[1 + 2 * count + i])[lane]);
      std::memcpy(place + i * element, &result, element);
      warp.row(instruction.operands[1 + i])[lane] = old;
    }
  });
}

void check_type(Decoder& decoder, const Instruction& instruction, Operation operation) {
  const Type type = instruction.type;
  const size_t bytes = type_bytes(type);
  const bool half = is_floating(type) && type != Type::kF32 && type != Type::kF64;
  bool possible = false;
  switch (operation) {
    case Operation::kAdd:
      possible = type != Type::kF32x2 && type != Type::kTf32 && (is_floating(type) || bytes >= 4);
      break;
    case Operation::kMinimum:
    case Operation::kMaximum:
      possible = half || (is_integer(type) && bytes >= 4);
      break;
    case Operation::kCompareAndSwap:
      possible = is_integer(type) && bytes >= 2;
      break;
    case Operation::kIncrement:
    case Operation::kDecrement:
      possible = type == Type::kU32;
      break;
    default:
      possible = is_integer(type) && bytes >= 4;
      break;
  }
  if (!possible || bytes > 8) decoder.fail(fmt::format("the type .{} is not known here", type_name(type)));
  if (instruction.count > 1 && !(half || type == Type::kF32)) decoder.fail("vectors are for floating point");
}

void decode_atomic(Decoder& decoder, Instruction& instruction, bool gives_old) {
  ignore_access_hints(decoder);
  decoder.take("noftz");
  instruction.space = decoder.take_space().value_or(Space::kGeneric);
  if (instruction.space != Space::kGeneric && instruction.space != Space::kGlobal &&
      instruction.space != Space::kShared) {
    decoder.fail("a space without atomic instructions");
  }
  bool found = false;
  for (uint32_t i = 0; i < kOperations.size() && !found; ++i) {
    found = decoder.take(kOperations[i]);
    if (found) instruction.options = i;
  }
  if (!found) decoder.fail("an operation is missing");
  instruction.count = decoder.take_vector();
  if (instruction.count > 4) decoder.fail("vectors of more than four elements are not known here");
  instruction.type = decoder.require_type();
  const auto operation = static_cast<Operation>(instruction.options);
  check_type(decoder, instruction, operation);
  if (decoder.failed()) return;
  const size_t count = instruction.count;
  note_access(decoder, instruction.space, type_bytes(instruction.type) * count);
  if (gives_old) {
    decoder.destinations(instruction, 1, count, instruction.type);
  } else {
    for (size_t i = 0; i < count; ++i) instruction.operands[1 + i] = decoder.builder().sink_row();
  }
  instruction.operands[0] = decoder.address(instruction);
  decoder.sources(instruction, 1 + count, count, instruction.type);
  if (operation == Operation::kCompareAndSwap) decoder.sources(instruction, 1 + 2 * count, count, instruction.type);
  ignore_cache_policy(decoder);
  instruction.execute = &execute_atomic;
}

void decode_atom(Decoder& decoder, Instruction& instruction) { decode_atomic(decoder, instruction, true); }
void decode_reduction(Decoder& decoder, Instruction& instruction) { decode_atomic(decoder, instruction, false); }

constexpr auto kOpcodes = std::to_array<Opcode>({
    {"atom", Accepts::kAnything, &decode_atom},
    {"red", Accepts::kAnything, &decode_reduction},
});

}  // namespace

std::span<const Opcode> atomic_opcodes() { return kOpcodes; }

}  // namespace hearth::ptx
