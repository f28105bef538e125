#include <array>
#include <limits>

#include "emulated_cuda/ptx/operations.h"

namespace hearth::ptx {
namespace {

// Instruction::options: a Rounding in the lowest bits, and these.
enum ConvertOptions : uint32_t {
  kRoundingMask = 7,
  kToInteger = 8,  // .rni .rzi .rmi .rpi: the result is an integer, of whatever type.
  kFlush = 16,
  kSaturate = 32,
  kRelu = 64,
  kSaturateFinite = 128,
};

Rounding rounding_of(uint32_t options) { return static_cast<Rounding>(options & kRoundingMask); }

// An integer source, sign and magnitude apart.
struct Integer {
  bool negative = false;
  uint64_t magnitude = 0;
};

Integer integer_of(uint64_t bits, Type type) {
  return visit_integer(type, [&](auto zero) {
    const auto value = narrow<decltype(zero)>(bits);
    const bool negative = value < 0;
    return Integer{negative, negative ? 0 - widen(value) : widen(value)};
  });
}

double floating_of(uint64_t bits, Type type, uint32_t options) {
  if (type == Type::kF64) return std::bit_cast<double>(bits);
  if (type == Type::kF32) {
    const auto value = narrow<float>(bits);
    return (options & kFlush) != 0 ? flush(value) : value;
  }
  return decode(bits, format_of(type));
}

double round_to_integer(double value, Rounding rounding) {
  switch (rounding) {
    case Rounding::kZero:
      return std::trunc(value);
    case Rounding::kDown:
      return std::floor(value);
    case Rounding::kUp:
      return std::ceil(value);
    case Rounding::kNearestAway:
      return std::round(value);
    case Rounding::kNearestEven:
      break;
  }
  return std::nearbyint(value);
}

// Clamped to the type's range. NaN becomes 0, or where doubles or 64 bits are involved the highest bit alone.
uint64_t integer_from_floating(double value, Type to, Type from, Rounding rounding) {
  return visit_integer(to, [&](auto zero) -> uint64_t {
    using T = decltype(zero);
    if (std::isnan(value)) {
      const bool wide = from == Type::kF64 || sizeof(T) == 8;
      return wide ? uint64_t{1} << (8 * sizeof(T) - 1) : 0;
    }
    const double rounded = round_to_integer(value, rounding);
    // The bounds are powers of two and so exact: one beyond the largest number.
    constexpr double kBeyond = 2.0 * static_cast<double>(uint64_t{1} << (std::numeric_limits<T>::digits - 1));
    if (rounded >= kBeyond) return widen(std::numeric_limits<T>::max());
    if (rounded <= static_cast<double>(std::numeric_limits<T>::min())) return widen(std::numeric_limits<T>::min());
    return widen(static_cast<T>(rounded));
  });
}

uint64_t integer_from_integer(uint64_t bits, Type to, Type from, bool saturated) {
  if (!saturated) return visit_integer(to, [&](auto zero) { return widen(narrow<decltype(zero)>(bits)); });
  const Integer source = integer_of(bits, from);
  return visit_integer(to, [&](auto zero) -> uint64_t {
    using T = decltype(zero);
    if (!source.negative) {
      const auto most = static_cast<uint64_t>(std::numeric_limits<T>::max());
      return source.magnitude > most ? most : source.magnitude;
    }
    if constexpr (std::is_unsigned_v<T>) return 0;
    const uint64_t least = uint64_t{1} << (8 * sizeof(T) - 1);
    return 0 - (source.magnitude > least ? least : source.magnitude);
  });
}

// .relu, .sat and .satfinite, of a value before it is rounded.
double limit(double value, Type to, uint32_t options) {
  if ((options & kRelu) != 0 && !(value > 0)) return std::isnan(value) ? value : 0.0;
  if ((options & kSaturate) != 0) return saturate(value);
  if ((options & kSaturateFinite) != 0) {
    const Format format = format_of(to);
    const uint64_t infinity = ((uint64_t{1} << format.exponent_bits) - 1) << format.fraction_bits;
    const double most = decode(infinity - 1, format);
    if (value > most) return most;
    if (value < -most) return -most;
  }
  return value;
}

uint64_t floating_from_floating(double value, Type to, uint32_t options) {
  if ((options & kToInteger) != 0) value = round_to_integer(value, rounding_of(options));
  const uint64_t bits = encode(limit(value, to, options), format_of(to), rounding_of(options));
  if (to == Type::kTf32) return bits << 13;
  if (to == Type::kF32 && (options & kFlush) != 0) return widen(flush(narrow<float>(bits)));
  return bits;
}

uint64_t convert(uint64_t bits, Type to, Type from, uint32_t options) {
  if (is_floating(from)) {
    const double value = floating_of(bits, from, options);
    return is_floating(to) ? floating_from_floating(value, to, options)
                           : integer_from_floating(value, to, from, rounding_of(options));
  }
  if (!is_floating(to)) return integer_from_integer(bits, to, from, (options & kSaturate) != 0);
  const Integer source = integer_of(bits, from);
  const uint64_t result = encode(source.negative, source.magnitude, 0, format_of(to), rounding_of(options));
  return (options & kSaturate) != 0 ? encode(saturate(decode(result, format_of(to))), format_of(to), Rounding::kZero)
                                    : result;
}

void execute_convert(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* from = warp.row(instruction.operands[1]);
  for_each_lane(lanes, [&](int lane) {
    to[lane] = convert(from[lane], instruction.type, instruction.source_type, instruction.options);
  });
}

// The conversions that kernels are full of, without looking at what they are in each lane.
template <typename To, typename From>
void execute_extend(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* from = warp.row(instruction.operands[1]);
  for_each_lane(lanes, [&](int lane) { to[lane] = widen(static_cast<To>(narrow<From>(from[lane]))); });
}

void execute_single_from_bfloat(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* from = warp.row(instruction.operands[1]);
  for_each_lane(lanes, [&](int lane) { to[lane] = widen(from_bfloat(static_cast<uint16_t>(from[lane]))); });
}

void execute_single_from_half(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* from = warp.row(instruction.operands[1]);
  for_each_lane(lanes, [&](int lane) { to[lane] = widen(from_half(static_cast<uint16_t>(from[lane]))); });
}

// Two floats to two halves of a register, the second source to the lower one.
void execute_convert_pair(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* upper = warp.row(instruction.operands[1]);
  const uint64_t* lower = warp.row(instruction.operands[2]);
  for_each_lane(lanes, [&](int lane) {
    to[lane] = convert(upper[lane], instruction.type, Type::kF32, instruction.options) << 16 |
               convert(lower[lane], instruction.type, Type::kF32, instruction.options);
  });
}

Execute quick_version(const Instruction& instruction) {
  if (instruction.options != 0) return nullptr;
  if (instruction.type == Type::kF32 && instruction.source_type == Type::kBf16) return &execute_single_from_bfloat;
  if (instruction.type == Type::kF32 && instruction.source_type == Type::kF16) return &execute_single_from_half;
  if (!is_integer(instruction.type) || !is_integer(instruction.source_type)) return nullptr;
  return visit_integer(instruction.type, [&](auto to) {
    return visit_integer(instruction.source_type,
                         [](auto from) -> Execute { return &execute_extend<decltype(to), decltype(from)>; });
  });
}

bool has_more_precision(Type a, Type b) {
  return format_of(a).fraction_bits > format_of(b).fraction_bits ||
         format_of(a).exponent_bits > format_of(b).exponent_bits;
}

// PTX wants a rounding wherever a result may not be exact, and only there.
void decode_rounding(Decoder& decoder, Instruction& instruction) {
  constexpr std::array<std::string_view, 4> kIntegerRoundings = {"rni", "rzi", "rmi", "rpi"};
  bool to_integer = false;
  std::optional<Rounding> rounding = decoder.take_rounding();
  if (decoder.take("rna")) rounding = Rounding::kNearestAway;
  for (uint32_t i = 0; i < kIntegerRoundings.size() && !rounding; ++i) {
    if (!decoder.take(kIntegerRoundings[i])) continue;
    rounding = static_cast<Rounding>(i);
    to_integer = true;
  }
  const bool from_floating = is_floating(instruction.source_type);
  const bool needs_integer_rounding = from_floating && !is_floating(instruction.type);
  const bool needs_rounding = is_floating(instruction.type) &&
                              (!from_floating || has_more_precision(instruction.source_type, instruction.type));
  if (needs_integer_rounding && !to_integer) decoder.fail("one of .rni, .rzi, .rmi and .rpi is missing");
  if (needs_rounding && (!rounding || to_integer)) decoder.fail("a rounding is missing");
  instruction.options |= static_cast<uint32_t>(rounding.value_or(Rounding::kNearestEven));
  if (to_integer && is_floating(instruction.type)) instruction.options |= kToInteger;
}

constexpr std::initializer_list<Type> kConverted = {Type::kU8,  Type::kU16, Type::kU32,  Type::kU64,   Type::kS8,
                                                    Type::kS16, Type::kS32, Type::kS64,  Type::kF16,   Type::kBf16,
                                                    Type::kF32, Type::kF64, Type::kTf32, Type::kF16x2, Type::kBf16x2};

void decode_convert(Decoder& decoder, Instruction& instruction) {
  instruction.type = decoder.require_type(kConverted);
  instruction.source_type = decoder.require_type(kConverted);
  decode_rounding(decoder, instruction);
  if (decoder.take("ftz")) instruction.options |= kFlush;
  if (decoder.take("sat")) instruction.options |= kSaturate;
  if (decoder.take("relu")) instruction.options |= kRelu;
  if (decoder.take("satfinite")) instruction.options |= kSaturateFinite;
  instruction.operands[0] = decoder.destination(instruction.type, Decoder::Fit::kWider);
  instruction.operands[1] = decoder.source(instruction.source_type, Decoder::Fit::kWider);
  if (instruction.type == Type::kF16x2 || instruction.type == Type::kBf16x2) {
    if (instruction.source_type != Type::kF32) decoder.fail("the source must be .f32");
    instruction.operands[2] = decoder.source(Type::kF32);
    instruction.execute = &execute_convert_pair;
    return;
  }
  if (instruction.source_type == Type::kF16x2 || instruction.source_type == Type::kBf16x2) {
    decoder.fail("a packed type is no source");
  }
  const Execute quick = quick_version(instruction);
  instruction.execute = quick != nullptr ? quick : &execute_convert;
}

constexpr auto kOpcodes = std::to_array<Opcode>({{"cvt", Accepts::kAnything, &decode_convert}});

}  // namespace

std::span<const Opcode> conversion_opcodes() { return kOpcodes; }

}  // namespace hearth::ptx
