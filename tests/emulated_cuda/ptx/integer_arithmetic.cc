#include <array>

#include "emulated_cuda/ptx/operations.h"

namespace hearth::ptx {
namespace {

// The upper and lower 64 bits of a product; __int128 is no standard C++.
__extension__ typedef __int128 Wide;
__extension__ typedef unsigned __int128 UnsignedWide;

template <typename T>
using Product =
    std::conditional_t<sizeof(T) == 8, std::conditional_t<std::is_signed_v<T>, Wide, UnsignedWide>,
                       std::conditional_t<sizeof(T) == 4, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>,
                                          std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>>>;

template <typename T>
Product<T> product(T a, T b) {
  return static_cast<Product<T>>(static_cast<Product<T>>(a) * static_cast<Product<T>>(b));
}

template <typename T>
T high(T a, T b) {
  return static_cast<T>(product(a, b) >> (8 * sizeof(T)));
}

// Wrapping arithmetic, which signed integers do not have in C++.
template <typename T>
T plus(T a, T b) {
  return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
template <typename T>
T minus(T a, T b) {
  return static_cast<T>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
template <typename T>
T times(T a, T b) {
  return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

int32_t clamp_to_s32(int64_t value) {
  return static_cast<int32_t>(value < INT32_MIN ? INT32_MIN : value > INT32_MAX ? INT32_MAX : value);
}

struct AddOperation {
  template <typename T>
  T operator()(T a, T b) const {
    return plus(a, b);
  }
};
struct SubtractOperation {
  template <typename T>
  T operator()(T a, T b) const {
    return minus(a, b);
  }
};
struct AddSaturatedOperation {
  int32_t operator()(int32_t a, int32_t b) const { return clamp_to_s32(int64_t{a} + b); }
};
struct SubtractSaturatedOperation {
  int32_t operator()(int32_t a, int32_t b) const { return clamp_to_s32(int64_t{a} - b); }
};
struct MultiplyLowOperation {
  template <typename T>
  T operator()(T a, T b) const {
    return times(a, b);
  }
};
struct MultiplyHighOperation {
  template <typename T>
  T operator()(T a, T b) const {
    return high(a, b);
  }
};
struct MultiplyAddLowOperation {
  template <typename T>
  T operator()(T a, T b, T c) const {
    return plus(times(a, b), c);
  }
};
struct MultiplyAddHighOperation {
  template <typename T>
  T operator()(T a, T b, T c) const {
    return plus(high(a, b), c);
  }
};
struct MultiplyAddHighSaturatedOperation {
  int32_t operator()(int32_t a, int32_t b, int32_t c) const { return clamp_to_s32(int64_t{high(a, b)} + c); }
};
// PTX leaves a division by zero open; devices give all ones, and the dividend as the remainder.
struct DivideOperation {
  template <typename T>
  T operator()(T a, T b) const {
    if (b == 0) return static_cast<T>(~T{0});
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return minus(T{0}, a);
    }
    return static_cast<T>(a / b);
  }
};
struct RemainderOperation {
  template <typename T>
  T operator()(T a, T b) const {
    if (b == 0) return a;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return 0;
    }
    return static_cast<T>(a % b);
  }
};
struct MinimumOperation {
  template <typename T>
  T operator()(T a, T b) const {
    return a < b ? a : b;
  }
};
struct MaximumOperation {
  template <typename T>
  T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};
struct MinimumReluOperation {
  int32_t operator()(int32_t a, int32_t b) const { return std::max(std::min(a, b), 0); }
};
struct MaximumReluOperation {
  int32_t operator()(int32_t a, int32_t b) const { return std::max(std::max(a, b), 0); }
};
struct AbsoluteOperation {
  template <typename T>
  T operator()(T a) const {
    return a < 0 ? minus(T{0}, a) : a;
  }
};
struct NegateOperation {
  template <typename T>
  T operator()(T a) const {
    return minus(T{0}, a);
  }
};
struct SumOfDifferencesOperation {
  template <typename T>
  T operator()(T a, T b, T c) const {
    return plus(c, a < b ? minus(b, a) : minus(a, b));
  }
};
// The product of the low 24 bits of each, as 48 bits.
struct Multiply24Operation {
  static int64_t product(uint64_t a, uint64_t b, bool of_signed) {
    const auto extend = [&](uint64_t value) {
      const auto low = static_cast<int64_t>(value & 0xFF'FFFF);
      return of_signed && (low & 0x80'0000) != 0 ? low - 0x100'0000 : low;
    };
    return extend(a) * extend(b);
  }
};

template <typename Operation>
struct Binary {
  template <typename T>
  struct Of {
    static void execute(const Instruction& i, Warp& warp, LaneMask lanes) { binary<T, Operation>(i, warp, lanes); }
  };
};
template <typename Operation>
struct Ternary {
  template <typename T>
  struct Of {
    static void execute(const Instruction& i, Warp& warp, LaneMask lanes) { ternary<T, Operation>(i, warp, lanes); }
  };
};
template <typename Operation>
struct Unary {
  template <typename T>
  struct Of {
    static void execute(const Instruction& i, Warp& warp, LaneMask lanes) { unary<T, Operation>(i, warp, lanes); }
  };
};

template <typename T>
struct MultiplyWide {
  static void execute(const Instruction& instruction, Warp& warp, LaneMask lanes) {
    uint64_t* to = warp.row(instruction.operands[0]);
    const uint64_t* a = warp.row(instruction.operands[1]);
    const uint64_t* b = warp.row(instruction.operands[2]);
    for_each_lane(lanes,
                  [&](int lane) { to[lane] = static_cast<uint64_t>(product(narrow<T>(a[lane]), narrow<T>(b[lane]))); });
  }
};
template <typename T>
struct MultiplyAddWide {
  static void execute(const Instruction& instruction, Warp& warp, LaneMask lanes) {
    uint64_t* to = warp.row(instruction.operands[0]);
    const uint64_t* a = warp.row(instruction.operands[1]);
    const uint64_t* b = warp.row(instruction.operands[2]);
    const uint64_t* c = warp.row(instruction.operands[3]);
    for_each_lane(lanes, [&](int lane) {
      to[lane] = static_cast<uint64_t>(product(narrow<T>(a[lane]), narrow<T>(b[lane]))) + c[lane];
    });
  }
};

enum Signedness : uint32_t { kUnsignedBoth = 0, kSignedFirst = 1, kSignedSecond = 2, kHighPart = 4 };

// The 24-bit instructions: options are of Signedness; a third source where there is one.
void execute_multiply_24(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const uint64_t* b = warp.row(instruction.operands[2]);
  const uint64_t* c = warp.row(instruction.operands[3]);
  const int shift = (instruction.options & kHighPart) != 0 ? 16 : 0;
  for_each_lane(lanes, [&](int lane) {
    const int64_t value = Multiply24Operation::product(a[lane], b[lane], (instruction.options & kSignedFirst) != 0);
    to[lane] = static_cast<uint32_t>(static_cast<uint64_t>(value >> shift) + (instruction.count == 3 ? c[lane] : 0));
  });
}

// c + the products of the parts of a and b, each part being a byte, or, of dp2a's a, 16 bits.
void execute_dot_product(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const uint64_t* b = warp.row(instruction.operands[2]);
  const uint64_t* c = warp.row(instruction.operands[3]);
  const bool first_signed = (instruction.options & kSignedFirst) != 0;
  const bool second_signed = (instruction.options & kSignedSecond) != 0;
  const int parts = instruction.count;
  const int first_bits = 32 / parts;
  const int second_shift = parts == 2 && (instruction.options & kHighPart) != 0 ? 16 : 0;
  const auto part = [](uint64_t bits, int shift, int width, bool of_signed) -> int64_t {
    const uint64_t value = bits >> shift & ((uint64_t{1} << width) - 1);
    const uint64_t sign = uint64_t{1} << (width - 1);
    return of_signed ? static_cast<int64_t>((value ^ sign) - sign) : static_cast<int64_t>(value);
  };
  for_each_lane(lanes, [&](int lane) {
    auto sum = static_cast<uint64_t>(c[lane]);
    for (int i = 0; i < parts; ++i) {
      sum += static_cast<uint64_t>(part(a[lane], i * first_bits, first_bits, first_signed) *
                                   part(b[lane], i * 8 + second_shift, 8, second_signed));
    }
    to[lane] = static_cast<uint32_t>(sum);
  });
}

enum CarryOptions : uint32_t { kCarryIn = 1, kCarryOut = 2, kSubtract = 4, kMultiply = 8, kMultiplyHigh = 16 };

// a + b + carry, or (a * b) + c + carry, or a - b - borrow; options are of CarryOptions.
template <typename T>
struct WithCarry {
  static void execute(const Instruction& instruction, Warp& warp, LaneMask lanes) {
    using Unsigned = std::make_unsigned_t<T>;
    uint64_t* to = warp.row(instruction.operands[0]);
    const uint64_t* a = warp.row(instruction.operands[1]);
    const uint64_t* b = warp.row(instruction.operands[2]);
    const uint64_t* c = warp.row(instruction.operands[3]);
    const uint32_t options = instruction.options;
    LaneMask carries = 0;
    for_each_lane(lanes, [&](int lane) {
      const UnsignedWide carry = (options & kCarryIn) != 0 ? warp.carry() >> lane & 1 : 0;
      UnsignedWide first = narrow<Unsigned>(a[lane]);
      UnsignedWide second = narrow<Unsigned>(b[lane]);
      if ((options & kMultiply) != 0) {
        first = static_cast<Unsigned>((options & kMultiplyHigh) != 0 ? high(narrow<T>(a[lane]), narrow<T>(b[lane]))
                                                                     : times(narrow<T>(a[lane]), narrow<T>(b[lane])));
        second = narrow<Unsigned>(c[lane]);
      }
      const UnsignedWide sum = (options & kSubtract) != 0 ? first - second - carry : first + second + carry;
      to[lane] = static_cast<Unsigned>(sum);
      // Of a difference all upper bits are set when it borrowed.
      carries |= static_cast<LaneMask>(sum >> (8 * sizeof(T)) & 1) << lane;
    });
    if ((options & kCarryOut) != 0) warp.set_carry(lanes, carries);
  }
};

constexpr std::initializer_list<Type> kIntegers = {Type::kU16, Type::kS16, Type::kU32,
                                                   Type::kS32, Type::kU64, Type::kS64};
constexpr std::initializer_list<Type> kCarryTypes = {Type::kU32, Type::kS32, Type::kB32,
                                                     Type::kU64, Type::kS64, Type::kB64};

void decode_carry(Decoder& decoder, Instruction& instruction, uint32_t options, size_t sources) {
  const Type type = decoder.require_type(kCarryTypes);
  if (decoder.take("cc")) options |= kCarryOut;
  decode_operands(decoder, instruction, type, sources);
  instruction.options = options;
  instruction.execute = for_integer<WithCarry>(type);
}

bool has_carry(const Decoder& decoder) {
  const auto& modifiers = decoder.statement().modifiers;
  return std::find(modifiers.begin(), modifiers.end(), "cc") != modifiers.end();
}

template <typename Plain, typename Saturated, uint32_t kCarry>
void decode_sum(Decoder& decoder, Instruction& instruction) {
  if (has_carry(decoder)) {
    decode_carry(decoder, instruction, kCarry, 2);
    return;
  }
  const bool saturated = decoder.take("sat");
  const Type type = decoder.require_type(kIntegers);
  decode_operands(decoder, instruction, type, 2);
  if (saturated && type != Type::kS32) decoder.fail(".sat is for .s32");
  instruction.execute = saturated ? &binary<int32_t, Saturated> : for_integer<Binary<Plain>::template Of>(type);
}

template <typename Operation>
void decode_binary(Decoder& decoder, Instruction& instruction) {
  const Type type = decoder.require_type(kIntegers);
  decode_operands(decoder, instruction, type, 2);
  instruction.execute = for_integer<Binary<Operation>::template Of>(type);
}

template <typename Plain, typename Relu>
void decode_extreme(Decoder& decoder, Instruction& instruction) {
  const bool relu = decoder.take("relu");
  decode_binary<Plain>(decoder, instruction);
  if (relu && instruction.type != Type::kS32) decoder.fail(".relu is for .s32");
  if (relu) instruction.execute = &binary<int32_t, Relu>;
}

template <typename Operation>
void decode_unary(Decoder& decoder, Instruction& instruction) {
  const Type type = decoder.require_type({Type::kS16, Type::kS32, Type::kS64});
  decode_operands(decoder, instruction, type, 1);
  instruction.execute = for_integer<Unary<Operation>::template Of>(type);
}

Type wide_of(Type type) {
  switch (type) {
    case Type::kU16:
      return Type::kU32;
    case Type::kS16:
      return Type::kS32;
    case Type::kU32:
      return Type::kU64;
    default:
      return Type::kS64;
  }
}

void decode_wide(Decoder& decoder, Instruction& instruction, bool adds) {
  const Type type = decoder.require_type({Type::kU16, Type::kS16, Type::kU32, Type::kS32});
  instruction.type = type;
  instruction.operands[0] = decoder.destination(wide_of(type));
  instruction.operands[1] = decoder.source(type);
  instruction.operands[2] = decoder.source(type);
  if (adds) instruction.operands[3] = decoder.source(wide_of(type));
  instruction.execute = adds ? for_integer<MultiplyAddWide>(type) : for_integer<MultiplyWide>(type);
}

void decode_multiply(Decoder& decoder, Instruction& instruction) {
  if (decoder.take("wide")) {
    decode_wide(decoder, instruction, false);
    return;
  }
  const bool high = decoder.take("hi");
  if (!high && !decoder.take("lo")) decoder.fail("one of .lo, .hi and .wide is missing");
  const Type type = decoder.require_type(kIntegers);
  decode_operands(decoder, instruction, type, 2);
  instruction.execute =
      high ? for_integer<Binary<MultiplyHighOperation>::Of>(type) : for_integer<Binary<MultiplyLowOperation>::Of>(type);
}

void decode_multiply_add(Decoder& decoder, Instruction& instruction) {
  if (decoder.take("wide")) {
    decode_wide(decoder, instruction, true);
    return;
  }
  const bool high = decoder.take("hi");
  if (!high && !decoder.take("lo")) decoder.fail("one of .lo, .hi and .wide is missing");
  if (has_carry(decoder)) {
    decode_carry(decoder, instruction, kMultiply | (high ? uint32_t{kMultiplyHigh} : 0U), 3);
    return;
  }
  const bool saturated = decoder.take("sat");
  const Type type = decoder.require_type(kIntegers);
  decode_operands(decoder, instruction, type, 3);
  if (saturated && (!high || type != Type::kS32)) decoder.fail(".sat is for .hi.s32");
  instruction.execute = saturated ? &ternary<int32_t, MultiplyAddHighSaturatedOperation>
                        : high    ? for_integer<Ternary<MultiplyAddHighOperation>::Of>(type)
                                  : for_integer<Ternary<MultiplyAddLowOperation>::Of>(type);
}

void decode_multiply_add_with_carry(Decoder& decoder, Instruction& instruction) {
  const bool high = decoder.take("hi");
  if (!high && !decoder.take("lo")) decoder.fail("one of .lo and .hi is missing");
  decode_carry(decoder, instruction, kCarryIn | kMultiply | (high ? uint32_t{kMultiplyHigh} : 0U), 3);
}

void decode_add_with_carry(Decoder& decoder, Instruction& instruction) {
  decode_carry(decoder, instruction, kCarryIn, 2);
}

void decode_subtract_with_carry(Decoder& decoder, Instruction& instruction) {
  decode_carry(decoder, instruction, kCarryIn | kSubtract, 2);
}

template <uint8_t kSources>
void decode_multiply_24(Decoder& decoder, Instruction& instruction) {
  const bool high = decoder.take("hi");
  if (!high && !decoder.take("lo")) decoder.fail("one of .lo and .hi is missing");
  const Type type = decoder.require_type({Type::kU32, Type::kS32});
  decode_operands(decoder, instruction, type, kSources);
  instruction.count = kSources;
  instruction.options = (is_signed(type) ? uint32_t{kSignedFirst} : 0U) | (high ? uint32_t{kHighPart} : 0U);
  instruction.execute = &execute_multiply_24;
}

template <uint8_t kParts>
void decode_dot_product(Decoder& decoder, Instruction& instruction) {
  if (kParts == 2) {
    if (decoder.take("hi")) {
      instruction.options |= kHighPart;
    } else if (!decoder.take("lo")) {
      decoder.fail("one of .lo and .hi is missing");
    }
  }
  const Type first = decoder.require_type({Type::kU32, Type::kS32});
  const Type second = decoder.require_type({Type::kU32, Type::kS32});
  if (is_signed(first)) instruction.options |= kSignedFirst;
  if (is_signed(second)) instruction.options |= kSignedSecond;
  decode_operands(decoder, instruction, Type::kB32, 3);
  instruction.count = kParts;
  instruction.execute = &execute_dot_product;
}

void decode_sum_of_differences(Decoder& decoder, Instruction& instruction) {
  const Type type = decoder.require_type(kIntegers);
  decode_operands(decoder, instruction, type, 3);
  instruction.execute = for_integer<Ternary<SumOfDifferencesOperation>::Of>(type);
}

constexpr auto kOpcodes = std::to_array<Opcode>({
    {"add", Accepts::kInteger, &decode_sum<AddOperation, AddSaturatedOperation, 0>},
    {"sub", Accepts::kInteger, &decode_sum<SubtractOperation, SubtractSaturatedOperation, kSubtract>},
    {"addc", Accepts::kInteger, &decode_add_with_carry},
    {"subc", Accepts::kInteger, &decode_subtract_with_carry},
    {"mul", Accepts::kInteger, &decode_multiply},
    {"mad", Accepts::kInteger, &decode_multiply_add},
    {"madc", Accepts::kInteger, &decode_multiply_add_with_carry},
    {"mul24", Accepts::kInteger, &decode_multiply_24<2>},
    {"mad24", Accepts::kInteger, &decode_multiply_24<3>},
    {"div", Accepts::kInteger, &decode_binary<DivideOperation>},
    {"rem", Accepts::kInteger, &decode_binary<RemainderOperation>},
    {"min", Accepts::kInteger, &decode_extreme<MinimumOperation, MinimumReluOperation>},
    {"max", Accepts::kInteger, &decode_extreme<MaximumOperation, MaximumReluOperation>},
    {"abs", Accepts::kInteger, &decode_unary<AbsoluteOperation>},
    {"neg", Accepts::kInteger, &decode_unary<NegateOperation>},
    {"sad", Accepts::kInteger, &decode_sum_of_differences},
    {"dp4a", Accepts::kInteger, &decode_dot_product<4>},
    {"dp2a", Accepts::kInteger, &decode_dot_product<2>},
});

}  // namespace

std::span<const Opcode> integer_arithmetic_opcodes() { return kOpcodes; }

}  // namespace hearth::ptx
