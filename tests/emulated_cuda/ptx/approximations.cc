#include <array>

#include "emulated_cuda/ptx/half_lanes.h"
#include "emulated_cuda/ptx/operations.h"

/// Instructions whose results devices only approximate. They are computed in double and rounded once, which lies
/// within every documented error; what is documented of special values is kept.
namespace hearth::ptx {
namespace {

double power_of_two(double a) { return std::exp2(a); }
double logarithm(double a) { return std::log2(a); }
double sine(double a) { return std::sin(a); }
double cosine(double a) { return std::cos(a); }
double hyperbolic_tangent(double a) { return std::tanh(a); }
double reciprocal_root(double a) { return static_cast<double>(1 / std::sqrt(static_cast<long double>(a))); }

using Function = double (*)(double);

template <Function kFunction>
void execute_single(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const bool flushes = instruction.options != 0;
  for_each_lane(lanes, [&](int lane) {
    const auto value = narrow<float>(a[lane]);
    const auto result = static_cast<float>(kFunction(flushes ? flush(value) : value));
    to[lane] = widen(flushes ? flush(result) : result);
  });
}

// A double is computed in full without .ftz; with it only the upper word is looked at, and given.
template <Function kFunction>
void execute_double(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  uint64_t* to = warp.row(instruction.operands[0]);
  const uint64_t* a = warp.row(instruction.operands[1]);
  const uint64_t mask = instruction.options != 0 ? 0xFFFF'FFFF'0000'0000 : ~uint64_t{0};
  const auto flushed = [&](double value) {
    return instruction.options != 0 && std::fabs(value) < 0x1p-1022 ? std::copysign(0.0, value) : value;
  };
  for_each_lane(lanes, [&](int lane) {
    const auto value = narrow<double>(a[lane] & mask);
    to[lane] = widen(flushed(kFunction(flushed(value)))) & mask;
  });
}

template <Function kFunction>
void execute_half(const Instruction& instruction, Warp& warp, LaneMask lanes) {
  for_each_half(instruction, warp, lanes, [](double a, double, double) { return kFunction(a); });
}

template <Function kFunction>
void decode_single(Decoder& decoder, Instruction& instruction) {
  if (!decoder.take("approx")) decoder.fail(".approx is missing");
  instruction.options = static_cast<uint32_t>(decoder.take("ftz"));
  decode_operands(decoder, instruction, decoder.require_type({Type::kF32}), 1);
  instruction.execute = &execute_single<kFunction>;
}

void decode_reciprocal_root(Decoder& decoder, Instruction& instruction) {
  if (!decoder.take("approx")) decoder.fail(".approx is missing");
  instruction.options = static_cast<uint32_t>(decoder.take("ftz"));
  const Type type = decoder.require_type({Type::kF32, Type::kF64});
  decode_operands(decoder, instruction, type, 1);
  instruction.execute = type == Type::kF32 ? &execute_single<reciprocal_root> : &execute_double<reciprocal_root>;
}

template <Function kFunction>
void decode_half(Decoder& decoder, Instruction& instruction) {
  if (!decoder.take("approx")) decoder.fail(".approx is missing");
  decoder.take("ftz");  // Of bf16, whose denormals are tiny against the error.
  decode_operands(decoder, instruction, decoder.require_type({Type::kF16, Type::kF16x2, Type::kBf16, Type::kBf16x2}),
                  1);
  instruction.execute = &execute_half<kFunction>;
}

constexpr auto kOpcodes = std::to_array<Opcode>({
    {"ex2", Accepts::kFloat, &decode_single<power_of_two>},
    {"lg2", Accepts::kFloat, &decode_single<logarithm>},
    {"sin", Accepts::kFloat, &decode_single<sine>},
    {"cos", Accepts::kFloat, &decode_single<cosine>},
    {"tanh", Accepts::kFloat, &decode_single<hyperbolic_tangent>},
    {"rsqrt", Accepts::kFloat, &decode_reciprocal_root},
    {"ex2", Accepts::kHalf, &decode_half<power_of_two>},
    {"tanh", Accepts::kHalf, &decode_half<hyperbolic_tangent>},
});

}  // namespace

std::span<const Opcode> approximation_opcodes() { return kOpcodes; }

}  // namespace hearth::ptx
