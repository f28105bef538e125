#include <array>
#include <limits>

#include "emulated_cuda/ptx/operations.h"

namespace hearth::ptx {
namespace {

// The bits of Instruction::options; the rounding lies above them.
enum FloatOptions : uint32_t { kFlush = 1, kSaturate = 2, kPropagateNan = 4, kRoundingShift = 4 };

Rounding rounding_of(const Instruction& instruction) {
  return static_cast<Rounding>(instruction.options >> kRoundingShift);
}

float flush_if(float value, uint32_t options) { return (options & kFlush) != 0 ? flush(value) : value; }
double flush_if(double value, uint32_t) { return value; }

// All bits of the fraction are set in the NaN that instructions make of themselves.
template <typename T>
T canonical_nan() {
  if constexpr (sizeof(T) == 4) return std::bit_cast<float>(0x7FFF'FFFFU);
  return std::bit_cast<double>(0x7FFF'FFFF'FFFF'FFFFU);
}

struct AddOperation {
  static constexpr size_t kSources = 2;
  template <typename T>
  T operator()(T a, T b, T) const {
    return a + b;
  }
};
struct SubtractOperation {
  static constexpr size_t kSources = 2;
  template <typename T>
  T operator()(T a, T b, T) const {
    return a - b;
  }
};
struct MultiplyOperation {
  static constexpr size_t kSources = 2;
  template <typename T>
  T operator()(T a, T b, T) const {
    return a * b;
  }
};
struct MultiplyAddOperation {
  static constexpr size_t kSources = 3;
  template <typename T>
  T operator()(T a, T b, T c) const {
    return std::fma(a, b, c);
  }
};
struct DivideOperation {
  static constexpr size_t kSources = 2;
  template <typename T>
  T operator()(T a, T b, T) const {
    return a / b;
  }
};
// What is documented of div.approx: beyond 2^126 the divisor's reciprocal is 0.
struct DivideApproximatelyOperation {
  float operator()(float a, float b, float) const {
    if (std::fabs(b) > 0x1p126F && std::isfinite(b)) return a * std::copysign(0.0F, b);
    return a / b;
  }
};
struct ReciprocalOperation {
  static constexpr size_t kSources = 1;
  template <typename T>
  T operator()(T a, T, T) const {
    return T{1} / a;
  }
};
struct SquareRootOperation {
  static constexpr size_t kSources = 1;
  template <typename T>
  T operator()(T a, T, T) const {
    return std::sqrt(a);
  }
};
struct AbsoluteOperation {
  static constexpr size_t kSources = 1;
  template <typename T>
  T operator()(T a, T, T) const {
    return std::fabs(a);
  }
};
struct NegateOperation {
  static constexpr size_t kSources = 1;
  template <typename T>
  T operator()(T a, T, T) const {
    return -a;
  }
};
struct CopySignOperation {
  static constexpr size_t kSources = 2;
  template <typename T>
  T operator()(T a, T b, T) const {
    return std::copysign(b, a);
  }
};

// Every lane as C++ computes it: to the nearest, denormals kept.
template <typename T, typename Operation>
void execute_plain(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const uint64_t* b = warp.row(instruction.operands[2]);
  const uint64_t* c = warp.row(instruction.operands[3]);
  for_each_lane(lanes, [&](int lane) {
    to[lane] = widen(Operation{}(narrow<T>(a[lane]), narrow<T>(b[lane]), narrow<T>(c[lane])));
  });
}

// One result with the instruction's options. The processor rounds as the caller told it to: nothing may be computed
// before or after that, hence the volatile variables.
template <typename T, typename Operation>
T compute(uint32_t options, T a, T b, T c) {
  volatile T first = flush_if(a, options);
  volatile T second = flush_if(b, options);
  volatile T third = flush_if(c, options);
  volatile T result = Operation{}(static_cast<T>(first), static_cast<T>(second), static_cast<T>(third));
  const T flushed = flush_if(static_cast<T>(result), options);
  return (options & kSaturate) != 0 ? saturate(flushed) : flushed;
}

template <typename T, typename Operation>
void execute_with_options(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const uint64_t* b = warp.row(instruction.operands[2]);
  const uint64_t* c = warp.row(instruction.operands[3]);
  const FloatingPointScope scope(rounding_of(instruction));
  for_each_lane(lanes, [&](int lane) {
    to[lane] =
        widen(compute<T, Operation>(instruction.options, narrow<T>(a[lane]), narrow<T>(b[lane]), narrow<T>(c[lane])));
  });
}

template <typename Operation>
void execute_pairs(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const uint64_t* b = warp.row(instruction.operands[2]);
  const uint64_t* c = warp.row(instruction.operands[3]);
  const FloatingPointScope scope(rounding_of(instruction));
  for_each_lane(lanes, [&](int lane) {
    uint64_t pair = 0;
    for (int shift = 0; shift < 64; shift += 32) {
      const float value = compute<float, Operation>(instruction.options, narrow<float>(a[lane] >> shift),
                                                    narrow<float>(b[lane] >> shift), narrow<float>(c[lane] >> shift));
      pair |= widen(value) << shift;
    }
    to[lane] = pair;
  });
}

// Of two numbers the smaller, -0 being less than +0; of a number and a NaN the number, or NaN where that was asked for.
template <typename T, bool kMinimum>
T extreme(T a, T b, bool propagate) {
  if (std::isnan(a) || std::isnan(b)) {
    if (propagate || (std::isnan(a) && std::isnan(b))) return canonical_nan<T>();
    return std::isnan(a) ? b : a;
  }
  if (a == b) return std::signbit(a) == kMinimum ? a : b;
  return (a < b) == kMinimum ? a : b;
}

// Of two sources, or of three.
template <typename T, bool kMinimum>
void execute_extreme(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const uint64_t* b = warp.row(instruction.operands[2]);
  const uint64_t* c = warp.row(instruction.operands[3]);
  const uint32_t options = instruction.options;
  const bool propagate = (options & kPropagateNan) != 0;
  for_each_lane(lanes, [&](int lane) {
    T result =
        extreme<T, kMinimum>(flush_if(narrow<T>(a[lane]), options), flush_if(narrow<T>(b[lane]), options), propagate);
    if (instruction.count == 3) {
      result = extreme<T, kMinimum>(result, flush_if(narrow<T>(c[lane]), options), propagate);
    }
    to[lane] = widen(result);
  });
}

template <typename Operation>
void choose(Decoder& decoder, Instruction& instruction, Type type, uint32_t options,
            Rounding rounding = Rounding::kNearestEven) {
  decode_operands(decoder, instruction, type, Operation::kSources);
  if (type != Type::kF32 && (options & kSaturate) != 0) decoder.fail(".sat is for .f32");
  if (type == Type::kF64 && (options & kFlush) != 0) decoder.fail(".ftz is not for .f64");
  instruction.options = options | static_cast<uint32_t>(rounding) << kRoundingShift;
  const bool plain = instruction.options == 0;
  if (type == Type::kF32x2) {
    instruction.execute = &execute_pairs<Operation>;
  } else if (type == Type::kF64) {
    instruction.execute = plain ? &execute_plain<double, Operation> : &execute_with_options<double, Operation>;
  } else {
    instruction.execute = plain ? &execute_plain<float, Operation> : &execute_with_options<float, Operation>;
  }
}

// add, sub, mul, fma, mad.
template <typename Operation>
void decode_rounded(Decoder& decoder, Instruction& instruction) {
  const Rounding rounding = decoder.take_rounding().value_or(Rounding::kNearestEven);
  const uint32_t options = (decoder.take("ftz") ? kFlush : 0U) | (decoder.take("sat") ? kSaturate : 0U);
  choose<Operation>(decoder, instruction, decoder.require_type({Type::kF32, Type::kF64, Type::kF32x2}), options,
                    rounding);
}

template <typename Operation>
void decode_sign(Decoder& decoder, Instruction& instruction) {
  const uint32_t options = decoder.take("ftz") ? kFlush : 0U;
  choose<Operation>(decoder, instruction, decoder.require_type({Type::kF32, Type::kF64}), options);
}

// sqrt and rcp: approximations are computed exactly, which is within what is documented of their error.
template <typename Operation>
void decode_root(Decoder& decoder, Instruction& instruction) {
  const bool approximate = decoder.take("approx");
  const std::optional<Rounding> rounding = decoder.take_rounding();
  if (approximate == rounding.has_value()) decoder.fail("either .approx or a rounding should be here");
  const uint32_t options = decoder.take("ftz") ? kFlush : 0U;
  const Type type = approximate ? decoder.require_type({Type::kF32}) : decoder.require_type({Type::kF32, Type::kF64});
  choose<Operation>(decoder, instruction, type, options, rounding.value_or(Rounding::kNearestEven));
}

// rcp.approx.ftz.f64 looks at the upper word only, and gives one.
void execute_reciprocal_of_upper_word(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  constexpr uint64_t kUpperWord = 0xFFFF'FFFF'0000'0000;
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const auto flush_double = [](double value) {
    return std::fabs(value) < 0x1p-1022 ? std::copysign(0.0, value) : value;
  };
  for_each_lane(lanes, [&](int lane) {
    const auto value = narrow<double>(a[lane] & kUpperWord);
    to[lane] = widen(flush_double(1 / flush_double(value))) & kUpperWord;
  });
}

void decode_reciprocal(Decoder& decoder, Instruction& instruction) {
  const std::vector<std::string_view>& modifiers = decoder.statement().modifiers;
  if (modifiers != std::vector<std::string_view>{"approx", "ftz", "f64"}) {
    decode_root<ReciprocalOperation>(decoder, instruction);
    return;
  }
  decoder.ignore({"approx", "ftz"});
  decode_operands(decoder, instruction, decoder.require_type({Type::kF64}), 1);
  instruction.execute = &execute_reciprocal_of_upper_word;
}

void decode_divide(Decoder& decoder, Instruction& instruction) {
  const bool approximate = decoder.take("approx");
  const bool full = decoder.take("full");
  const std::optional<Rounding> rounding = decoder.take_rounding();
  if (approximate + full + rounding.has_value() != 1) decoder.fail("one of .approx, .full and a rounding is missing");
  const uint32_t options = decoder.take("ftz") ? kFlush : 0U;
  const Type type = rounding ? decoder.require_type({Type::kF32, Type::kF64}) : decoder.require_type({Type::kF32});
  if (approximate) {
    decode_operands(decoder, instruction, type, 2);
    instruction.options = options;
    instruction.execute = &execute_with_options<float, DivideApproximatelyOperation>;
    return;
  }
  choose<DivideOperation>(decoder, instruction, type, options, rounding.value_or(Rounding::kNearestEven));
}

template <bool kMinimum>
void decode_extreme(Decoder& decoder, Instruction& instruction) {
  instruction.options = (decoder.take("ftz") ? kFlush : 0U) | (decoder.take("NaN") ? kPropagateNan : 0U);
  const Type type = decoder.require_type({Type::kF32, Type::kF64});
  decode_operands(decoder, instruction, type, 2);
  if (decoder.has_operand() && type == Type::kF32) {
    instruction.count = 3;
    instruction.operands[3] = decoder.source(type);
  }
  instruction.execute = type == Type::kF32 ? &execute_extreme<float, kMinimum> : &execute_extreme<double, kMinimum>;
}

constexpr auto kOpcodes = std::to_array<Opcode>({
    {"add", Accepts::kFloat, &decode_rounded<AddOperation>},
    {"sub", Accepts::kFloat, &decode_rounded<SubtractOperation>},
    {"mul", Accepts::kFloat, &decode_rounded<MultiplyOperation>},
    {"fma", Accepts::kFloat, &decode_rounded<MultiplyAddOperation>},
    {"mad", Accepts::kFloat, &decode_rounded<MultiplyAddOperation>},
    {"div", Accepts::kFloat, &decode_divide},
    {"rcp", Accepts::kFloat, &decode_reciprocal},
    {"sqrt", Accepts::kFloat, &decode_root<SquareRootOperation>},
    {"abs", Accepts::kFloat, &decode_sign<AbsoluteOperation>},
    {"neg", Accepts::kFloat, &decode_sign<NegateOperation>},
    {"copysign", Accepts::kFloat, &decode_sign<CopySignOperation>},
    {"min", Accepts::kFloat, &decode_extreme<true>},
    {"max", Accepts::kFloat, &decode_extreme<false>},
});

}  // namespace

std::span<const Opcode> float_arithmetic_opcodes() { return kOpcodes; }

}  // namespace hearth::ptx
