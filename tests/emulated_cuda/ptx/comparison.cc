#include <array>

#include "emulated_cuda/ptx/half_lanes.h"
#include "emulated_cuda/ptx/operations.h"

namespace hearth::ptx {
namespace {

// How two values relate; a comparison accepts some of these.
enum Relation : uint32_t { kLess = 1, kEqual = 2, kGreater = 4, kUnordered = 8 };

struct Comparison {
  std::string_view name;
  uint32_t accepts;
};

constexpr auto kComparisons = std::to_array<Comparison>({
    {"eq", kEqual},
    {"ne", kLess | kGreater},
    {"lt", kLess},
    {"le", kLess | kEqual},
    {"gt", kGreater},
    {"ge", kGreater | kEqual},
    {"lo", kLess},
    {"ls", kLess | kEqual},
    {"hi", kGreater},
    {"hs", kGreater | kEqual},
    {"equ", kEqual | kUnordered},
    {"neu", kLess | kGreater | kUnordered},
    {"ltu", kLess | kUnordered},
    {"leu", kLess | kEqual | kUnordered},
    {"gtu", kGreater | kUnordered},
    {"geu", kGreater | kEqual | kUnordered},
    {"num", kLess | kEqual | kGreater},
    {"nan", kUnordered},
});

// Instruction::options: what the comparison accepts, and these.
enum CompareOptions : uint32_t { kFlush = 16, kAnd = 32, kOr = 64, kXor = 128 };

template <typename T>
uint32_t relate(T a, T b) {
  if (a < b) return kLess;
  if (a == b) return kEqual;
  return a > b ? kGreater : kUnordered;
}

// The lanes in which operands[2] and operands[3] compare as wanted.
template <typename T>
struct Compare {
  static LaneMask lanes(const Instruction& instruction, Warp& warp, LaneMask lanes, int) {
    const uint64_t* a = warp.row(instruction.operands[2]);
    const uint64_t* b = warp.row(instruction.operands[3]);
    LaneMask accepted = 0;
    for_each_lane(lanes, [&](int lane) {
      T first = narrow<T>(a[lane]);
      T second = narrow<T>(b[lane]);
      if constexpr (std::is_same_v<T, float>) {
        if ((instruction.options & kFlush) != 0) {
          first = flush(first);
          second = flush(second);
        }
      }
      accepted |= static_cast<LaneMask>((relate(first, second) & instruction.options) != 0) << lane;
    });
    return accepted;
  }
};

// The same for halves, of which `shift` says where in a register they lie.
template <bool kBrain>
struct CompareHalves {
  static LaneMask lanes(const Instruction& instruction, Warp& warp, LaneMask lanes, int shift) {
    const uint64_t* a = warp.row(instruction.operands[2]);
    const uint64_t* b = warp.row(instruction.operands[3]);
    LaneMask accepted = 0;
    for_each_lane(lanes, [&](int lane) {
      const uint32_t relation = relate(half_value(a[lane] >> shift, kBrain), half_value(b[lane] >> shift, kBrain));
      accepted |= static_cast<LaneMask>((relation & instruction.options) != 0) << lane;
    });
    return accepted;
  }
};

// operands[4] is the predicate that the result is combined with.
LaneMask combine(const Instruction& instruction, const Warp& warp, LaneMask result) {
  if ((instruction.options & kAnd) != 0) return result & warp.predicate(instruction.operands[4]);
  if ((instruction.options & kOr) != 0) return result | warp.predicate(instruction.operands[4]);
  if ((instruction.options & kXor) != 0) return result ^ warp.predicate(instruction.operands[4]);
  return result;
}

// operands[0] gets the result and operands[1] that of the opposite comparison, both combined; of packed halves they get
// the results of the lower and the upper half.
template <typename Comparer>
struct SetPredicate {
  static void execute(const Instruction& instruction, Warp& warp, LaneMask lanes) {
    const LaneMask lower = Comparer::lanes(instruction, warp, lanes, 0);
    const LaneMask second =
        is_packed_half(instruction.source_type) ? Comparer::lanes(instruction, warp, lanes, 16) : ~lower;
    const LaneMask first_result = combine(instruction, warp, lower);
    const LaneMask second_result = combine(instruction, warp, second);
    warp.set_predicate(instruction.operands[0], lanes, first_result);
    warp.set_predicate(instruction.operands[1], lanes, second_result);
  }
};

uint64_t true_value(Type type) {
  switch (type) {
    case Type::kF32:
      return 0x3F80'0000;
    case Type::kF16:
    case Type::kF16x2:
      return 0x3C00;
    case Type::kBf16:
    case Type::kBf16x2:
      return 0x3F80;
    case Type::kU16:
    case Type::kS16:
      return 0xFFFF;
    default:
      return 0xFFFF'FFFF;
  }
}

// operands[0] gets "true" as a number. Packed halves give two results of 16 bits.
template <typename Comparer>
struct SetNumber {
  static void execute(const Instruction& instruction, Warp& warp, LaneMask lanes) {
    const bool packed = is_packed_half(instruction.source_type);
    const LaneMask lower = combine(instruction, warp, Comparer::lanes(instruction, warp, lanes, 0));
    const LaneMask upper = packed ? combine(instruction, warp, Comparer::lanes(instruction, warp, lanes, 16)) : 0;
    const uint64_t value = true_value(instruction.type) & (packed ? 0xFFFF : ~uint64_t{0});
    uint64_t* to = warp.row(instruction.operands[0]);
    for_each_lane(lanes, [&](int lane) {
      to[lane] = ((lower >> lane & 1) != 0 ? value : 0) | ((upper >> lane & 1) != 0 ? value << 16 : 0);
    });
  }
};

template <template <typename> typename Executor>
Execute for_compared(Type type) {
  switch (type) {
    case Type::kF32:
      return &Executor<Compare<float>>::execute;
    case Type::kF64:
      return &Executor<Compare<double>>::execute;
    case Type::kF16:
    case Type::kF16x2:
      return &Executor<CompareHalves<false>>::execute;
    case Type::kBf16:
    case Type::kBf16x2:
      return &Executor<CompareHalves<true>>::execute;
    default:
      return visit_integer(type, [](auto zero) -> Execute { return &Executor<Compare<decltype(zero)>>::execute; });
  }
}

constexpr std::initializer_list<Type> kCompared = {Type::kB16, Type::kB32, Type::kB64,   Type::kU16,  Type::kU32,
                                                   Type::kU64, Type::kS16, Type::kS32,   Type::kS64,  Type::kF32,
                                                   Type::kF64, Type::kF16, Type::kF16x2, Type::kBf16, Type::kBf16x2};

void decode_comparison(Decoder& decoder, Instruction& instruction) {
  for (const Comparison& comparison : kComparisons) {
    if (instruction.options == 0 && decoder.take(comparison.name)) instruction.options = comparison.accepts;
  }
  if (instruction.options == 0) decoder.fail("a comparison is missing");
  if (decoder.take("and")) instruction.options |= kAnd;
  if (decoder.take("or")) instruction.options |= kOr;
  if (decoder.take("xor")) instruction.options |= kXor;
  if (decoder.take("ftz")) instruction.options |= kFlush;
}

void decode_compared(Decoder& decoder, Instruction& instruction, Type type) {
  instruction.source_type = type;
  instruction.operands[2] = decoder.source(type);
  instruction.operands[3] = decoder.source(type);
  if ((instruction.options & (kAnd | kOr | kXor)) != 0) instruction.operands[4] = decoder.predicate_source();
}

void decode_set_predicate(Decoder& decoder, Instruction& instruction) {
  decode_comparison(decoder, instruction);
  const Type type = decoder.require_type(kCompared);
  const Operand& destination = decoder.next();
  const bool pair = destination.kind == Operand::Kind::kPair;
  instruction.operands[0] = decoder.predicate_destination_of(pair ? destination.elements[0] : destination);
  instruction.operands[1] =
      pair ? decoder.predicate_destination_of(destination.elements[1]) : decoder.builder().sink_predicate();
  decode_compared(decoder, instruction, type);
  instruction.execute = for_compared<SetPredicate>(type);
}

void decode_set(Decoder& decoder, Instruction& instruction) {
  decode_comparison(decoder, instruction);
  instruction.type = decoder.require_type({Type::kU32, Type::kS32, Type::kF32, Type::kU16, Type::kS16, Type::kF16,
                                           Type::kF16x2, Type::kBf16, Type::kBf16x2});
  const Type type = decoder.require_type(kCompared);
  if (is_packed_half(type) && type_bytes(instruction.type) != 4) decoder.fail("two results need 32 bits");
  instruction.operands[0] = decoder.destination(instruction.type);
  decode_compared(decoder, instruction, type);
  instruction.execute = for_compared<SetNumber>(type);
}

void execute_select(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const uint64_t* b = warp.row(instruction.operands[2]);
  const LaneMask first = warp.predicate(instruction.operands[3]);
  for_each_lane(lanes, [&](int lane) { to[lane] = (first >> lane & 1) != 0 ? a[lane] : b[lane]; });
}

void decode_select(Decoder& decoder, Instruction& instruction) {
  const Type type = decoder.require_type({Type::kB16, Type::kB32, Type::kB64, Type::kU16, Type::kU32, Type::kU64,
                                          Type::kS16, Type::kS32, Type::kS64, Type::kF32, Type::kF64});
  decode_operands(decoder, instruction, type, 2);
  instruction.operands[3] = decoder.predicate_source();
  instruction.execute = &execute_select;
}

// a where c >= 0, otherwise b; NaN is not >= 0, and -0 is.
void execute_select_by_sign(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const uint64_t* b = warp.row(instruction.operands[2]);
  const uint64_t* c = warp.row(instruction.operands[3]);
  for_each_lane(lanes, [&](int lane) {
    const auto value = narrow<float>(c[lane]);
    const bool first = instruction.source_type == Type::kS32
                           ? narrow<int32_t>(c[lane]) >= 0
                           : ((instruction.options & kFlush) != 0 ? flush(value) : value) >= 0;
    to[lane] = first ? a[lane] : b[lane];
  });
}

void decode_select_by_sign(Decoder& decoder, Instruction& instruction) {
  if (decoder.take("ftz")) instruction.options |= kFlush;
  const Type type = decoder.require_type({Type::kB16, Type::kB32, Type::kB64, Type::kU16, Type::kU32, Type::kU64,
                                          Type::kS16, Type::kS32, Type::kS64, Type::kF32, Type::kF64});
  instruction.source_type = decoder.require_type({Type::kS32, Type::kF32});
  decode_operands(decoder, instruction, type, 2);
  instruction.operands[3] = decoder.source(instruction.source_type);
  instruction.execute = &execute_select_by_sign;
}

enum class Property : uint32_t { kFinite, kInfinite, kNumber, kNotANumber, kNormal, kSubnormal };

template <typename T>
bool has_property(T value, Property property) {
  switch (property) {
    case Property::kFinite:
      return std::isfinite(value);
    case Property::kInfinite:
      return std::isinf(value);
    case Property::kNumber:
      return !std::isnan(value);
    case Property::kNotANumber:
      return std::isnan(value);
    case Property::kNormal:
      return std::isnormal(value);
    case Property::kSubnormal:
      return std::fpclassify(value) == FP_SUBNORMAL;
  }
  return false;
}

template <typename T>
void execute_test(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  const uint64_t* a = warp.row(instruction.operands[1]);
  LaneMask result = 0;
  for_each_lane(lanes, [&](int lane) {
    const bool has = has_property(narrow<T>(a[lane]), static_cast<Property>(instruction.options));
    result |= static_cast<LaneMask>(has) << lane;
  });
  warp.set_predicate(instruction.operands[0], lanes, result);
}

void decode_test(Decoder& decoder, Instruction& instruction) {
  constexpr std::array<std::string_view, 6> kProperties = {"finite",     "infinite", "number",
                                                           "notanumber", "normal",   "subnormal"};
  bool found = false;
  for (uint32_t i = 0; i < kProperties.size(); ++i) {
    if (!decoder.take(kProperties[i])) continue;
    instruction.options = i;
    found = true;
  }
  if (!found) decoder.fail("what to test for is missing");
  const Type type = decoder.require_type({Type::kF32, Type::kF64});
  instruction.operands[0] = decoder.predicate_destination();
  instruction.operands[1] = decoder.source(type);
  instruction.execute = type == Type::kF32 ? &execute_test<float> : &execute_test<double>;
}

constexpr auto kOpcodes = std::to_array<Opcode>({
    {"setp", Accepts::kAnything, &decode_set_predicate},
    {"set", Accepts::kAnything, &decode_set},
    {"selp", Accepts::kAnything, &decode_select},
    {"slct", Accepts::kAnything, &decode_select_by_sign},
    {"testp", Accepts::kAnything, &decode_test},
});

}  // namespace

std::span<const Opcode> comparison_opcodes() { return kOpcodes; }

}  // namespace hearth::ptx
