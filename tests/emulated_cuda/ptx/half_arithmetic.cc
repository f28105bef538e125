#include <array>

#include "emulated_cuda/ptx/half_lanes.h"
#include "emulated_cuda/ptx/operations.h"

namespace hearth::ptx {
namespace {

enum HalfOptions : uint32_t { kFlush = 1, kSaturate = 2, kRelu = 4, kPropagateNan = 8 };

struct AddOperation {
  static constexpr size_t kSources = 2;
  double operator()(double a, double b, double) const { return add_to_odd(a, b); }
};
struct SubtractOperation {
  static constexpr size_t kSources = 2;
  double operator()(double a, double b, double) const { return add_to_odd(a, -b); }
};
struct MultiplyOperation {
  static constexpr size_t kSources = 2;
  double operator()(double a, double b, double) const { return a * b; }
};
struct MultiplyAddOperation {
  static constexpr size_t kSources = 3;
  double operator()(double a, double b, double c) const { return multiply_add_to_odd(a, b, c); }
};
struct AbsoluteOperation {
  static constexpr size_t kSources = 1;
  double operator()(double a, double, double) const { return std::fabs(a); }
};
struct NegateOperation {
  static constexpr size_t kSources = 1;
  double operator()(double a, double, double) const { return -a; }
};
template <bool kMinimum>
struct ExtremeOperation {
  static constexpr size_t kSources = 2;
  double operator()(double a, double b, double) const {
    if (std::isnan(a)) return b;
    if (std::isnan(b)) return a;
    if (a == b) return std::signbit(a) == kMinimum ? a : b;
    return (a < b) == kMinimum ? a : b;
  }
};

double flush_half(double value, uint32_t options) {
  return (options & kFlush) != 0 && std::fabs(value) < 0x1p-14 ? std::copysign(0.0, value) : value;
}

template <typename Operation>
void execute(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  const uint32_t options = instruction.options;
  for_each_half(instruction, warp, lanes, [&](double a, double b, double c) {
    a = flush_half(a, options);
    b = flush_half(b, options);
    double result = Operation{}(a, b, flush_half(c, options));
    if ((options & kPropagateNan) != 0 && (std::isnan(a) || std::isnan(b))) {
      result = std::numeric_limits<double>::quiet_NaN();
    }
    result = flush_half(result, options);
    if ((options & kSaturate) != 0) result = saturate(result);
    if ((options & kRelu) != 0 && result < 0) result = 0;
    return result;
  });
}

constexpr std::initializer_list<Type> kHalves = {Type::kF16, Type::kF16x2, Type::kBf16, Type::kBf16x2};

template <typename Operation>
void decode_half(Decoder& decoder, Instruction& instruction) {
  decoder.take("rn");
  instruction.options = (decoder.take("ftz") ? kFlush : 0U) | (decoder.take("sat") ? kSaturate : 0U) |
                        (decoder.take("relu") ? kRelu : 0U) | (decoder.take("NaN") ? kPropagateNan : 0U);
  const Type type = decoder.require_type(kHalves);
  const bool brain = type == Type::kBf16 || type == Type::kBf16x2;
  if (brain && (instruction.options & (kFlush | kSaturate)) != 0) decoder.fail(".ftz and .sat are not for bf16");
  decode_operands(decoder, instruction, type, Operation::kSources);
  instruction.execute = &execute<Operation>;
}

constexpr auto kOpcodes = std::to_array<Opcode>({
    {"add", Accepts::kHalf, &decode_half<AddOperation>},
    {"sub", Accepts::kHalf, &decode_half<SubtractOperation>},
    {"mul", Accepts::kHalf, &decode_half<MultiplyOperation>},
    {"fma", Accepts::kHalf, &decode_half<MultiplyAddOperation>},
    {"abs", Accepts::kHalf, &decode_half<AbsoluteOperation>},
    {"neg", Accepts::kHalf, &decode_half<NegateOperation>},
    {"min", Accepts::kHalf, &decode_half<ExtremeOperation<true>>},
    {"max", Accepts::kHalf, &decode_half<ExtremeOperation<false>>},
});

}  // namespace

std::span<const Opcode> half_arithmetic_opcodes() { return kOpcodes; }

}  // namespace hearth::ptx
