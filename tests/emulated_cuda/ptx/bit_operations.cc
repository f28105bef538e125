#include <algorithm>
#include <array>
#include <bit>

#include "emulated_cuda/ptx/operations.h"

namespace hearth::ptx {
namespace {

struct AndOperation {
  uint64_t operator()(uint64_t a, uint64_t b) const { return a & b; }
};
struct OrOperation {
  uint64_t operator()(uint64_t a, uint64_t b) const { return a | b; }
};
struct XorOperation {
  uint64_t operator()(uint64_t a, uint64_t b) const { return a ^ b; }
};
struct NotOperation {
  uint64_t operator()(uint64_t a) const { return ~a; }
};
struct IsZeroOperation {
  template <typename T>
  uint64_t operator()(T a) const {
    return static_cast<uint64_t>(a == 0);
  }
};
struct PopulationCountOperation {
  template <typename T>
  uint64_t operator()(T a) const {
    return static_cast<uint64_t>(std::popcount(a));
  }
};
struct LeadingZerosOperation {
  template <typename T>
  uint64_t operator()(T a) const {
    return static_cast<uint64_t>(std::countl_zero(a));
  }
};
struct ReverseOperation {
  template <typename T>
  T operator()(T a) const {
    T reversed = 0;
    for (size_t i = 0; i < 8 * sizeof(T); ++i) reversed = static_cast<T>(reversed << 1 | (a >> i & 1));
    return reversed;
  }
};

// Shifts by the width or more give zeros, or copies of the sign.
template <typename T>
struct ShiftLeft {
  static void execute(const Instruction& instruction, Warp& warp, LaneMask lanes) {
    uint64_t* to = warp.row(instruction.operands[0]);
    const uint64_t* a = warp.row(instruction.operands[1]);
    const uint64_t* b = warp.row(instruction.operands[2]);
    for_each_lane(lanes, [&](int lane) {
      const auto shift = static_cast<uint32_t>(b[lane]);
      to[lane] = shift < 8 * sizeof(T) ? a[lane] << shift : 0;
    });
  }
};
template <typename T>
struct ShiftRight {
  static void execute(const Instruction& instruction, Warp& warp, LaneMask lanes) {
    uint64_t* to = warp.row(instruction.operands[0]);
    const uint64_t* a = warp.row(instruction.operands[1]);
    const uint64_t* b = warp.row(instruction.operands[2]);
    constexpr uint32_t kBits = 8 * sizeof(T);
    for_each_lane(lanes, [&](int lane) {
      const auto shift = static_cast<uint32_t>(b[lane]);
      const T value = narrow<T>(a[lane]);
      to[lane] = shift < kBits ? widen(static_cast<T>(value >> shift)) : value < 0 ? ~uint64_t{0} : 0;
    });
  }
};

template <typename T>
struct FindBit {
  // The highest bit that is set, or, of a negative number, that is not; all ones without one.
  static uint32_t find(T value, bool as_shift) {
    using Unsigned = std::make_unsigned_t<T>;
    const auto bits = static_cast<Unsigned>(value < 0 ? ~value : value);
    if (bits == 0) return ~0U;
    const auto zeros = static_cast<uint32_t>(std::countl_zero(bits));
    return as_shift ? zeros : static_cast<uint32_t>(8 * sizeof(T) - 1) - zeros;
  }
  static void execute(const Instruction& instruction, Warp& warp, LaneMask lanes) {
    uint64_t* to = warp.row(instruction.operands[0]);
    const uint64_t* a = warp.row(instruction.operands[1]);
    for_each_lane(lanes, [&](int lane) { to[lane] = find(narrow<T>(a[lane]), instruction.options != 0); });
  }
};

template <typename T>
struct ExtractField {
  static T extract(T value, uint32_t position, uint32_t length) {
    constexpr uint32_t kBits = 8 * sizeof(T);
    using Unsigned = std::make_unsigned_t<T>;
    // Where the field's sign stands; beyond the end it is the value's own.
    const uint32_t sign_at = std::min(position + length - 1, kBits - 1);
    const bool sign = std::is_signed_v<T> && length != 0 && (static_cast<Unsigned>(value) >> sign_at & 1) != 0;
    Unsigned field = sign ? static_cast<Unsigned>(~Unsigned{0}) : Unsigned{0};
    for (uint32_t i = 0; i < std::min(length, kBits); ++i) {
      const bool bit = position + i < kBits ? (static_cast<Unsigned>(value) >> (position + i) & 1) != 0 : sign;
      field = (field & ~(Unsigned{1} << i)) | static_cast<Unsigned>(bit) << i;
    }
    return static_cast<T>(field);
  }
  static void execute(const Instruction& instruction, Warp& warp, LaneMask lanes) {
    uint64_t* to = warp.row(instruction.operands[0]);
    const uint64_t* a = warp.row(instruction.operands[1]);
    const uint64_t* position = warp.row(instruction.operands[2]);
    const uint64_t* length = warp.row(instruction.operands[3]);
    for_each_lane(lanes, [&](int lane) {
      to[lane] = widen(extract(narrow<T>(a[lane]), position[lane] & 0xFF, length[lane] & 0xFF));
    });
  }
};

template <typename T>
struct InsertField {
  static void execute(const Instruction& instruction, Warp& warp, LaneMask lanes) {
    constexpr uint32_t kBits = 8 * sizeof(T);
    uint64_t* to = warp.row(instruction.operands[0]);
    const uint64_t* field = warp.row(instruction.operands[1]);
    const uint64_t* base = warp.row(instruction.operands[2]);
    const uint64_t* position = warp.row(instruction.operands[3]);
    const uint64_t* length = warp.row(instruction.operands[4]);
    for_each_lane(lanes, [&](int lane) {
      const uint32_t first = position[lane] & 0xFF;
      const uint32_t count = first < kBits ? std::min<uint32_t>(length[lane] & 0xFF, kBits - first) : 0;
      const uint64_t mask = count == 0 ? 0 : (~uint64_t{0} >> (64 - count)) << (first < 64 ? first : 0);
      const uint64_t shifted = first < 64 ? field[lane] << first : 0;
      to[lane] = (base[lane] & ~mask) | (shifted & mask);
    });
  }
};

enum ShiftOptions : uint32_t { kFunnelRight = 1, kClamp = 2 };

// The 64 bits [b a] shifted; the upper 32 of a shift to the left, the lower 32 of one to the right.
void execute_funnel_shift(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const uint64_t* b = warp.row(instruction.operands[2]);
  const uint64_t* c = warp.row(instruction.operands[3]);
  for_each_lane(lanes, [&](int lane) {
    const uint64_t both = b[lane] << 32 | (a[lane] & 0xFFFF'FFFF);
    const auto wanted = static_cast<uint32_t>(c[lane]);
    const uint32_t shift = (instruction.options & kClamp) != 0 ? std::min(wanted, 32U) : wanted & 31;
    to[lane] = static_cast<uint32_t>((instruction.options & kFunnelRight) != 0 ? both >> shift : both << shift >> 32);
  });
}

// `b` ones from bit `a` on. Only their lowest five bits count, or, with kClamp, larger ones mean all the way up.
void execute_mask(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const uint64_t* b = warp.row(instruction.operands[2]);
  for_each_lane(lanes, [&](int lane) {
    auto first = static_cast<uint32_t>(a[lane]);
    auto count = static_cast<uint32_t>(b[lane]);
    if ((instruction.options & kClamp) == 0) {
      first &= 31;
      count &= 31;
    }
    const uint64_t ones = (uint64_t{1} << std::min(count, 32U)) - 1;
    to[lane] = first < 32 ? static_cast<uint32_t>(ones << first) : 0;
  });
}

// Bit i of the table is the result for a, b and c being bits 2, 1 and 0 of i.
uint32_t look_up(uint32_t a, uint32_t b, uint32_t c, uint32_t table) {
  uint32_t result = 0;
  for (uint32_t i = 0; i < 8; ++i) {
    if ((table >> i & 1) == 0) continue;
    result |= ((i & 4) != 0 ? a : ~a) & ((i & 2) != 0 ? b : ~b) & ((i & 1) != 0 ? c : ~c);
  }
  return result;
}

void execute_logic_3(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const uint64_t* b = warp.row(instruction.operands[2]);
  const uint64_t* c = warp.row(instruction.operands[3]);
  for_each_lane(lanes, [&](int lane) {
    to[lane] = look_up(static_cast<uint32_t>(a[lane]), static_cast<uint32_t>(b[lane]), static_cast<uint32_t>(c[lane]),
                       instruction.options);
  });
}

enum class PermuteMode : uint32_t {
  kIndex,
  kForwardFour,
  kBackwardFour,
  kReplicateByte,
  kEdgeClampLeft,
  kEdgeClampRight,
  kReplicateHalf,
};

// The selector of mode kIndex that does what another mode does with `control`; PTX ISA, table of prmt.
uint32_t permute_selector(PermuteMode mode, uint32_t control) {
  constexpr std::array<std::array<uint16_t, 4>, 7> kSelectors = {{
      {},
      {0x3210, 0x4321, 0x5432, 0x6543},
      {0x5670, 0x6701, 0x7012, 0x0123},
      {0x0000, 0x1111, 0x2222, 0x3333},
      {0x3210, 0x3211, 0x3222, 0x3333},
      {0x0000, 0x1110, 0x2210, 0x3210},
      {0x1010, 0x3232, 0x1010, 0x3232},
  }};
  return mode == PermuteMode::kIndex ? control : kSelectors[static_cast<size_t>(mode)][control & 3];
}

uint32_t permute(uint64_t bytes, uint32_t selector) {
  uint32_t result = 0;
  for (int i = 0; i < 4; ++i) {
    const uint32_t choice = selector >> (4 * i) & 0xF;
    auto byte = static_cast<uint32_t>(bytes >> (8 * (choice & 7)) & 0xFF);
    // The highest bit of the choice replicates the byte's sign.
    if ((choice & 8) != 0) byte = (byte & 0x80) != 0 ? 0xFF : 0;
    result |= byte << (8 * i);
  }
  return result;
}

void execute_permute(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const uint64_t* b = warp.row(instruction.operands[2]);
  const uint64_t* c = warp.row(instruction.operands[3]);
  const auto mode = static_cast<PermuteMode>(instruction.options);
  for_each_lane(lanes, [&](int lane) {
    to[lane] = permute(b[lane] << 32 | (a[lane] & 0xFFFF'FFFF), permute_selector(mode, static_cast<uint32_t>(c[lane])));
  });
}

template <typename Operation>
void execute_predicates(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  warp.set_predicate(instruction.operands[0], lanes,
                     static_cast<LaneMask>(Operation{}(warp.predicate(instruction.operands[1]),
                                                       warp.predicate(instruction.operands[2]))));
}

constexpr std::initializer_list<Type> kBits = {Type::kB16, Type::kB32, Type::kB64};
constexpr std::initializer_list<Type> kWords = {Type::kB32, Type::kB64};
constexpr std::initializer_list<Type> kWordNumbers = {Type::kU32, Type::kS32, Type::kU64, Type::kS64};

template <typename Operation>
void decode_logic(Decoder& decoder, Instruction& instruction) {
  decode_operands(decoder, instruction, decoder.require_type(kBits), 2);
  instruction.execute = &binary<uint64_t, Operation>;
}

template <typename Operation>
void decode_predicate_logic(Decoder& decoder, Instruction& instruction) {
  decoder.take("pred");
  instruction.operands[0] = decoder.predicate_destination();
  instruction.operands[1] = decoder.predicate_source();
  instruction.operands[2] = decoder.predicate_source();
  instruction.execute = &execute_predicates<Operation>;
}

void decode_not(Decoder& decoder, Instruction& instruction) {
  decode_operands(decoder, instruction, decoder.require_type(kBits), 1);
  instruction.execute = &unary<uint64_t, NotOperation>;
}

void decode_predicate_not(Decoder& decoder, Instruction& instruction) {
  decoder.take("pred");
  instruction.operands[0] = decoder.predicate_destination();
  instruction.operands[1] = decoder.predicate_source() ^ kNegated;
  instruction.operands[2] = instruction.operands[1];
  instruction.execute = &execute_predicates<AndOperation>;
}

void decode_zero_test(Decoder& decoder, Instruction& instruction) {
  const Type type = decoder.require_type(kBits);
  decode_operands(decoder, instruction, type, 1);
  instruction.execute = type == Type::kB16   ? &unary<uint16_t, IsZeroOperation>
                        : type == Type::kB32 ? &unary<uint32_t, IsZeroOperation>
                                             : &unary<uint64_t, IsZeroOperation>;
}

template <template <typename> typename Family>
void decode_shift(Decoder& decoder, Instruction& instruction) {
  const Type type = decoder.require_type(
      {Type::kB16, Type::kB32, Type::kB64, Type::kU16, Type::kU32, Type::kU64, Type::kS16, Type::kS32, Type::kS64});
  instruction.operands[0] = decoder.destination(type);
  instruction.operands[1] = decoder.source(type);
  instruction.operands[2] = decoder.source(Type::kU32);
  instruction.execute = for_integer<Family>(type);
}

// A result of 32 bits from 32 or 64.
template <typename Operation>
void decode_count(Decoder& decoder, Instruction& instruction) {
  const Type type = decoder.require_type(kWords);
  instruction.operands[0] = decoder.destination(Type::kU32);
  instruction.operands[1] = decoder.source(type);
  instruction.execute = type == Type::kB32 ? &unary<uint32_t, Operation> : &unary<uint64_t, Operation>;
}

void decode_reverse(Decoder& decoder, Instruction& instruction) {
  const Type type = decoder.require_type(kWords);
  decode_operands(decoder, instruction, type, 1);
  instruction.execute = type == Type::kB32 ? &unary<uint32_t, ReverseOperation> : &unary<uint64_t, ReverseOperation>;
}

void decode_find_bit(Decoder& decoder, Instruction& instruction) {
  instruction.options = static_cast<uint32_t>(decoder.take("shiftamt"));
  const Type type = decoder.require_type(kWordNumbers);
  instruction.operands[0] = decoder.destination(Type::kU32);
  instruction.operands[1] = decoder.source(type);
  instruction.execute = for_integer<FindBit>(type);
}

void decode_extract(Decoder& decoder, Instruction& instruction) {
  const Type type = decoder.require_type(kWordNumbers);
  instruction.operands[0] = decoder.destination(type);
  instruction.operands[1] = decoder.source(type);
  instruction.operands[2] = decoder.source(Type::kU32);
  instruction.operands[3] = decoder.source(Type::kU32);
  instruction.execute = for_integer<ExtractField>(type);
}

void decode_insert(Decoder& decoder, Instruction& instruction) {
  const Type type = decoder.require_type(kWords);
  instruction.operands[0] = decoder.destination(type);
  instruction.operands[1] = decoder.source(type);
  instruction.operands[2] = decoder.source(type);
  instruction.operands[3] = decoder.source(Type::kU32);
  instruction.operands[4] = decoder.source(Type::kU32);
  instruction.execute = for_integer<InsertField>(type);
}

void decode_funnel_shift(Decoder& decoder, Instruction& instruction) {
  const bool right = decoder.take("r");
  if (!right && !decoder.take("l")) decoder.fail("one of .l and .r is missing");
  const bool clamp = decoder.take("clamp");
  if (!clamp && !decoder.take("wrap")) decoder.fail("one of .clamp and .wrap is missing");
  decode_operands(decoder, instruction, decoder.require_type({Type::kB32}), 3);
  instruction.options = (right ? kFunnelRight : 0U) | (clamp ? kClamp : 0U);
  instruction.execute = &execute_funnel_shift;
}

void decode_mask(Decoder& decoder, Instruction& instruction) {
  const bool clamp = decoder.take("clamp");
  if (!clamp && !decoder.take("wrap")) decoder.fail("one of .clamp and .wrap is missing");
  instruction.options = clamp ? kClamp : 0U;
  decode_operands(decoder, instruction, decoder.require_type({Type::kB32}), 2);
  instruction.execute = &execute_mask;
}

void decode_logic_3(Decoder& decoder, Instruction& instruction) {
  decode_operands(decoder, instruction, decoder.require_type({Type::kB32}), 3);
  instruction.options = decoder.literal(0xFF);
  instruction.execute = &execute_logic_3;
}

void decode_permute(Decoder& decoder, Instruction& instruction) {
  constexpr std::array<std::string_view, 6> kModes = {"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"};
  for (uint32_t i = 0; i < kModes.size(); ++i) {
    if (decoder.take(kModes[i])) instruction.options = i + 1;
  }
  decode_operands(decoder, instruction, decoder.require_type({Type::kB32}), 3);
  instruction.execute = &execute_permute;
}

constexpr auto kOpcodes = std::to_array<Opcode>({
    {"and", Accepts::kPredicate, &decode_predicate_logic<AndOperation>},
    {"or", Accepts::kPredicate, &decode_predicate_logic<OrOperation>},
    {"xor", Accepts::kPredicate, &decode_predicate_logic<XorOperation>},
    {"not", Accepts::kPredicate, &decode_predicate_not},
    {"and", Accepts::kInteger, &decode_logic<AndOperation>},
    {"or", Accepts::kInteger, &decode_logic<OrOperation>},
    {"xor", Accepts::kInteger, &decode_logic<XorOperation>},
    {"not", Accepts::kInteger, &decode_not},
    {"cnot", Accepts::kInteger, &decode_zero_test},
    {"shl", Accepts::kInteger, &decode_shift<ShiftLeft>},
    {"shr", Accepts::kInteger, &decode_shift<ShiftRight>},
    {"shf", Accepts::kInteger, &decode_funnel_shift},
    {"bmsk", Accepts::kInteger, &decode_mask},
    {"popc", Accepts::kInteger, &decode_count<PopulationCountOperation>},
    {"clz", Accepts::kInteger, &decode_count<LeadingZerosOperation>},
    {"brev", Accepts::kInteger, &decode_reverse},
    {"bfind", Accepts::kInteger, &decode_find_bit},
    {"bfe", Accepts::kInteger, &decode_extract},
    {"bfi", Accepts::kInteger, &decode_insert},
    {"lop3", Accepts::kInteger, &decode_logic_3},
    {"prmt", Accepts::kInteger, &decode_permute},
});

}  // namespace

std::span<const Opcode> bit_opcodes() { return kOpcodes; }

}  // namespace hearth::ptx
