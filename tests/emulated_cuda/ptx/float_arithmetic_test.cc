#include <gtest/gtest.h>

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <random>

#include "emulated_cuda/ptx/floating_point.h"
#include "emulated_cuda/ptx/testing/instruction_case.h"
#include "emulated_cuda/ptx/testing/test_device.h"

namespace hearth::ptx {
namespace {

constexpr uint64_t kOne = 0x3F80'0000;
constexpr uint64_t kMinusOne = 0xBF80'0000;
constexpr uint64_t kInfinity = 0x7F80'0000;
constexpr uint64_t kMinusInfinity = 0xFF80'0000;
constexpr uint64_t kNan = 0x7FC0'0000;
constexpr uint64_t kMinusZero = 0x8000'0000;
constexpr uint64_t kLargest = 0x7F7F'FFFF;
constexpr uint64_t kTiny = 0x3080'0000;  // 2^-30.
constexpr uint64_t kDoubleOne = 0x3FF0'0000'0000'0000;

// Worked out by hand.
const InstructionCase kCases[] = {
    // 1 + 2^-30 lies between 1 and its neighbour.
    {"add.f32 d, a, b;", "f32 f32 f32", {kOne, kTiny}, kOne},
    {"add.rz.f32 d, a, b;", "f32 f32 f32", {kOne, kTiny}, kOne},
    {"add.rm.f32 d, a, b;", "f32 f32 f32", {kOne, kTiny}, kOne},
    {"add.rp.f32 d, a, b;", "f32 f32 f32", {kOne, kTiny}, 0x3F80'0001},
    {"sub.rm.f32 d, a, b;", "f32 f32 f32", {kMinusOne, kTiny}, 0xBF80'0001},
    {"sub.rz.f32 d, a, b;", "f32 f32 f32", {kMinusOne, kTiny}, kMinusOne},
    // A tie: 1 + 2^-24 is halfway between 1 and 1 + 2^-23; the other one between odd and even the other way.
    {"add.rn.f32 d, a, b;", "f32 f32 f32", {kOne, 0x3380'0000}, kOne},
    {"add.rn.f32 d, a, b;", "f32 f32 f32", {0x3F80'0001, 0x3380'0000}, 0x3F80'0002},
    {"add.f32 d, a, b;", "f32 f32 f32", {kLargest, kLargest}, kInfinity},
    {"add.rz.f32 d, a, b;", "f32 f32 f32", {kLargest, kLargest}, kLargest},
    {"add.f32 d, a, b;", "f32 f32 f32", {kMinusZero, kMinusZero}, kMinusZero},
    {"add.f32 d, a, b;", "f32 f32 f32", {kMinusZero, 0}, 0},
    {"add.rm.f32 d, a, b;", "f32 f32 f32", {kOne, kMinusOne}, kMinusZero},
    {"add.sat.f32 d, a, b;", "f32 f32 f32", {kOne, kOne}, kOne},
    {"add.sat.f32 d, a, b;", "f32 f32 f32", {kMinusOne, 0}, 0},
    {"add.sat.f32 d, a, b;", "f32 f32 f32", {kNan, 0}, 0},
    // The smallest denormal, doubled, and flushed.
    {"add.f32 d, a, b;", "f32 f32 f32", {1, 1}, 2},
    {"add.ftz.f32 d, a, b;", "f32 f32 f32", {1, 1}, 0},
    {"mul.f32 d, a, 0f3F000000;", "f32 f32", {0x0080'0000}, 0x0040'0000},
    {"mul.ftz.f32 d, a, 0f3F000000;", "f32 f32", {0x0080'0000}, 0},
    {"mul.ftz.f32 d, a, 0fBF000000;", "f32 f32", {0x0080'0000}, kMinusZero},
    {"mul.f32 d, a, b;", "f32 f32 f32", {0, kMinusOne}, kMinusZero},
    // (1 + 2^-23)^2 - (1 + 2^-22) = 2^-46 exactly, which a rounded product would lose.
    {"fma.rn.f32 d, a, a, b;", "f32 f32 f32", {0x3F80'0001, 0xBF80'0002}, 0x2880'0000},
    {"fma.rn.ftz.f32 d, a, b, c;", "f32 f32 f32 f32", {1, kOne, kOne}, kOne},
    {"fma.rn.sat.f32 d, a, b, c;", "f32 f32 f32 f32", {kOne, kOne, kOne}, kOne},
    {"fma.rm.f32 d, a, b, c;", "f32 f32 f32 f32", {kTiny, kMinusOne, kOne}, 0x3F7F'FFFF},
    {"fma.rp.f32 d, a, b, c;", "f32 f32 f32 f32", {kTiny, kMinusOne, kOne}, kOne},
    {"mad.rn.f32 d, a, b, c;", "f32 f32 f32 f32", {kOne, kOne, kOne}, 0x4000'0000},
    // A third lies between 0x3EAAAAAA and 0x3EAAAAAB, nearer to the latter.
    {"div.rn.f32 d, a, 0f40400000;", "f32 f32", {kOne}, 0x3EAA'AAAB},
    {"div.rz.f32 d, a, 0f40400000;", "f32 f32", {kOne}, 0x3EAA'AAAA},
    {"div.rp.f32 d, a, 0f40400000;", "f32 f32", {kMinusOne}, 0xBEAA'AAAA},
    {"div.rm.f32 d, a, 0f40400000;", "f32 f32", {kMinusOne}, 0xBEAA'AAAB},
    {"div.full.f32 d, a, 0f40400000;", "f32 f32", {kOne}, 0x3EAA'AAAB},
    {"div.full.f32 d, a, b;", "f32 f32 f32", {kOne, 0}, kInfinity},
    {"div.approx.f32 d, a, b;", "f32 f32 f32", {kOne, 0x7F00'0001}, 0},
    {"div.approx.ftz.f32 d, a, 0f40000000;", "f32 f32", {kOne}, 0x3F00'0000},
    {"rcp.rn.f32 d, a;", "f32 f32", {0x4040'0000}, 0x3EAA'AAAB},
    {"rcp.approx.ftz.f32 d, a;", "f32 f32", {1}, kInfinity},
    {"rcp.approx.f32 d, a;", "f32 f32", {kMinusInfinity}, kMinusZero},
    // The root of 2 is 1.41421356237 = 0x3FB504F3 + a third of the last place.
    {"sqrt.rn.f32 d, a;", "f32 f32", {0x4000'0000}, 0x3FB5'04F3},
    {"sqrt.rp.f32 d, a;", "f32 f32", {0x4000'0000}, 0x3FB5'04F4},
    {"sqrt.rm.f32 d, a;", "f32 f32", {0x4000'0000}, 0x3FB5'04F3},
    {"sqrt.approx.ftz.f32 d, a;", "f32 f32", {0x4080'0000}, 0x4000'0000},
    {"abs.f32 d, a;", "f32 f32", {0xBF80'0000}, kOne},
    {"abs.ftz.f32 d, a;", "f32 f32", {0x8000'0001}, 0},
    {"neg.f32 d, a;", "f32 f32", {0}, kMinusZero},
    {"neg.ftz.f32 d, a;", "f32 f32", {1}, kMinusZero},
    {"copysign.f32 d, a, b;", "f32 f32 f32", {kMinusZero, kOne}, kMinusOne},
    {"min.f32 d, a, b;", "f32 f32 f32", {0, kMinusZero}, kMinusZero},
    {"max.f32 d, a, b;", "f32 f32 f32", {kMinusZero, 0}, 0},
    {"min.f32 d, a, b;", "f32 f32 f32", {kNan, kOne}, kOne},
    {"max.f32 d, a, b;", "f32 f32 f32", {kOne, kNan}, kOne},
    {"max.NaN.f32 d, a, b;", "f32 f32 f32", {kOne, kNan}, 0x7FFF'FFFF},
    {"max.f32 d, a, b;", "f32 f32 f32", {kNan, kNan}, 0x7FFF'FFFF},
    {"max.f32 d, a, b, c;", "f32 f32 f32 f32", {kMinusOne, kNan, kOne}, kOne},
    {"min.NaN.f32 d, a, b, c;", "f32 f32 f32 f32", {kMinusOne, kNan, kOne}, 0x7FFF'FFFF},
    {"min.f32 d, a, b, c;", "f32 f32 f32 f32", {0, kOne, kMinusZero}, kMinusZero},
    {"max.ftz.f32 d, a, b;", "f32 f32 f32", {1, kMinusOne}, 0},
    {"add.f64 d, a, b;", "f64 f64 f64", {kDoubleOne, 0x3C90'0000'0000'0000}, kDoubleOne},
    {"add.rp.f64 d, a, b;", "f64 f64 f64", {kDoubleOne, 0x3C90'0000'0000'0000}, kDoubleOne + 1},
    {"mul.f64 d, a, 0d3FE0000000000000;", "f64 f64", {kDoubleOne}, 0x3FE0'0000'0000'0000},
    {"fma.rn.f64 d, a, a, b;", "f64 f64 f64", {kDoubleOne + 1, 0xBFF0'0000'0000'0002}, 0x3970'0000'0000'0000},
    {"div.rn.f64 d, a, 0d4008000000000000;", "f64 f64", {kDoubleOne}, 0x3FD5'5555'5555'5555},
    {"sqrt.rn.f64 d, a;", "f64 f64", {0x4010'0000'0000'0000}, 0x4000'0000'0000'0000},
    {"min.f64 d, a, b;", "f64 f64 f64", {0x7FF8'0000'0000'0000, kDoubleOne}, kDoubleOne},
    {"neg.f64 d, a;", "f64 f64", {0}, 0x8000'0000'0000'0000},
    {"rcp.approx.ftz.f64 d, a;", "f64 f64", {0x4000'0000'1234'5678}, 0x3FE0'0000'0000'0000},
    {"rcp.approx.ftz.f64 d, a;", "f64 f64", {0x000F'FFFF'FFFF'FFFF}, 0x7FF0'0000'0000'0000},
    {"rcp.approx.ftz.f64 d, a;", "f64 f64", {0x4008'0000'0000'0000}, 0x3FD5'5555'0000'0000},
    // Pairs.
    {"add.f32x2 d, a, b;", "b64 b64 b64", {0x3F80'0000'4000'0000, 0x3F80'0000'3F80'0000}, 0x4000'0000'4040'0000},
    {"add.rn.f32x2 d, a, b;", "b64 b64 b64", {0x3F80'0000'4000'0000, 0x3F80'0000'3F80'0000}, 0x4000'0000'4040'0000},
    {"mul.f32x2 d, a, b;", "b64 b64 b64", {0x3F80'0000'4000'0000, 0xBF80'0000'4000'0000}, 0xBF80'0000'4080'0000},
    {"fma.rn.f32x2 d, a, b, a;", "b64 b64 b64", {0x3F80'0000'4000'0000, 0x3F80'0000'3F80'0000}, 0x4000'0000'4080'0000},
    {"sub.rn.ftz.f32x2 d, a, b;", "b64 b64 b64", {0x0000'0001'4000'0000, 0x0000'0000'3F80'0000}, 0x0000'0000'3F80'0000},
};

TEST(FloatArithmetic, GivesTheResultsWorkedOutByHand) {
  for (const InstructionCase& test : kCases) expect_result(test);
}

// Floats of all kinds, with many special ones.
std::vector<uint64_t> floats(uint64_t seed, size_t count) {
  const uint32_t special[] = {0,           0x8000'0000, 1,           0x8000'0001, 0x007F'FFFF, 0x0080'0000,
                              0x7F7F'FFFF, 0x3F80'0000, 0xBF80'0000, 0x7F80'0000, 0xFF80'0000, 0x7FC0'0000};
  std::mt19937_64 random(seed);
  std::vector<uint64_t> values(count);
  for (uint64_t& value : values) {
    const uint64_t bits = random();
    value = bits >> 60 == 0 ? special[bits % std::size(special)] : static_cast<uint32_t>(bits);
    // Often near one, where sums cancel and round.
    if (bits >> 62 == 1) value = (value & 0x80FF'FFFF) | 0x3F00'0000;
  }
  return values;
}

// The exact result, as far as a double rounded to odd tells.
double exact(std::string_view operation, double a, double b, double c) {
  if (operation == "add") return add_to_odd(a, b);
  if (operation == "sub") return add_to_odd(a, -b);
  if (operation == "mul") return a * b;
  return multiply_add_to_odd(a, b, c);
}

TEST(FloatArithmetic, RoundsAsIfFromTheExactResult) {
  constexpr uint32_t kThreads = 512;
  const std::vector<uint64_t> a = floats(1, kThreads);
  const std::vector<uint64_t> b = floats(2, kThreads);
  const std::vector<uint64_t> c = floats(3, kThreads);
  std::vector<uint64_t> in;
  for (uint32_t i = 0; i < kThreads; ++i) in.insert(in.end(), {a[i], b[i], c[i]});
  constexpr std::string_view kRoundings[] = {"rn", "rz", "rm", "rp"};
  for (const std::string_view operation : {"add", "sub", "mul", "fma"}) {
    for (size_t rounding = 0; rounding < 4; ++rounding) {
      const std::string code = fmt::format(
          "mad.lo.u64 %d1, %d0, 3, %in; ld.global.b32 %r1, [%d1]; ld.global.b32 %r2, [%d1+8]; ld.global.b32 %r3, "
          "[%d1+16]; {}.{}.f32 %r4, %r1, %r2{}; add.u64 %d2, %out, %d0; cvt.u64.u32 %d3, %r4; st.global.b64 [%d2], "
          "%d3;",
          operation, kRoundings[rounding], operation == "fma" ? ", %r3" : "");
      const Answer answer = run_body(code, in, kThreads);
      ASSERT_EQ(answer.message, "");
      for (uint32_t i = 0; i < kThreads; ++i) {
        const auto value = [](uint64_t bits) { return double{std::bit_cast<float>(static_cast<uint32_t>(bits))}; };
        const double expected = exact(operation, value(a[i]), value(b[i]), value(c[i]));
        const auto result = std::bit_cast<float>(static_cast<uint32_t>(answer.values[i]));
        if (std::isnan(expected)) {
          EXPECT_TRUE(std::isnan(result));
        } else if (expected != 0) {  // The sign of an exact zero is in the table above.
          ASSERT_EQ(answer.values[i], encode(expected, kSingle, static_cast<Rounding>(rounding)))
              << operation << "." << kRoundings[rounding] << fmt::format(" 0x{:x} 0x{:x} 0x{:x}", a[i], b[i], c[i]);
        }
      }
    }
  }
}

// Documented errors, PTX ISA 9.0: of ex2 and rsqrt 2^-22 of the result, of lg2 2^-22 beyond [0.5, 2], of sin and cos
// 2^-20.5 in [-pi, pi], of tanh 2^-11, of rcp and sqrt 1 ulp. Worked out with the C library's functions of long double.
TEST(Approximations, LieWithinTheDocumentedError) {
  struct Case {
    std::string_view opcode;
    long double (*function)(long double);
    double relative;
    double absolute;
    double least;
    double most;
  };
  const Case cases[] = {
      {"ex2.approx.f32", [](long double x) { return std::exp2(x); }, 0x1p-22, 0, -140, 127},
      {"ex2.approx.ftz.f32", [](long double x) { return std::exp2(x); }, 0x1p-22, 0, -126, 127},
      {"lg2.approx.f32", [](long double x) { return std::log2(x); }, 0x1p-22, 0x1p-22, 1e-30, 1e30},
      {"sin.approx.f32", [](long double x) { return std::sin(x); }, 0, 0x1p-20, -3.1, 3.1},
      {"cos.approx.f32", [](long double x) { return std::cos(x); }, 0, 0x1p-20, -3.1, 3.1},
      {"tanh.approx.f32", [](long double x) { return std::tanh(x); }, 0x1p-11, 0, -8, 8},
      {"rsqrt.approx.f32", [](long double x) { return 1 / std::sqrt(x); }, 0x1p-22, 0, 1e-30, 1e30},
      {"rcp.approx.f32", [](long double x) { return 1 / x; }, 0x1p-23, 0, 1e-30, 1e30},
      {"sqrt.approx.f32", [](long double x) { return std::sqrt(x); }, 0x1p-23, 0, 1e-30, 1e30},
  };
  constexpr uint32_t kThreads = 256;
  for (const Case& test : cases) {
    std::mt19937_64 random(5);
    std::vector<uint64_t> in(kThreads);
    for (uint64_t& bits : in) {
      const double share = std::uniform_real_distribution<double>(0, 1)(random);
      const bool wide = test.most > 1e20;  // Then all magnitudes alike.
      const double value = wide ? std::exp(std::log(test.least) * (1 - share) + std::log(test.most) * share)
                                : test.least * (1 - share) + test.most * share;
      bits = std::bit_cast<uint32_t>(static_cast<float>(value));
    }
    const Answer answer = run_body(fmt::format("add.u64 %d1, %in, %d0; ld.global.b32 %r1, [%d1]; {} %r2, %r1; add.u64 "
                                               "%d2, %out, %d0; cvt.u64.u32 %d3, %r2; st.global.b64 [%d2], %d3;",
                                               test.opcode),
                                   in, kThreads);
    ASSERT_EQ(answer.message, "");
    for (uint32_t i = 0; i < kThreads; ++i) {
      const long double x = std::bit_cast<float>(static_cast<uint32_t>(in[i]));
      const long double expected = test.function(x);
      const long double result = std::bit_cast<float>(static_cast<uint32_t>(answer.values[i]));
      const long double allowed = test.relative * std::fabs(expected) + test.absolute + 0x1p-149L;
      ASSERT_LE(std::fabs(result - expected), allowed) << test.opcode << " of " << static_cast<double>(x);
    }
  }
}

TEST(Approximations, KeepWhatIsDocumentedOfSpecialValues) {
  const InstructionCase cases[] = {
      {"ex2.approx.f32 d, a;", "f32 f32", {kMinusInfinity}, 0},
      {"ex2.approx.f32 d, a;", "f32 f32", {kInfinity}, kInfinity},
      {"ex2.approx.f32 d, a;", "f32 f32", {kMinusZero}, kOne},
      {"ex2.approx.f32 d, a;", "f32 f32", {0x4040'0000}, 0x4100'0000},
      {"ex2.approx.f32 d, a;", "f32 f32", {0xC30C'0000}, 0x0000'0200},  // 2^-140.
      {"ex2.approx.ftz.f32 d, a;", "f32 f32", {0xC30C'0000}, 0},
      {"lg2.approx.f32 d, a;", "f32 f32", {0}, kMinusInfinity},
      {"lg2.approx.f32 d, a;", "f32 f32", {1}, 0xC315'0000},  // 2^-149.
      {"lg2.approx.ftz.f32 d, a;", "f32 f32", {1}, kMinusInfinity},
      {"rsqrt.approx.f32 d, a;", "f32 f32", {0x4080'0000}, 0x3F00'0000},
      {"rsqrt.approx.f32 d, a;", "f32 f32", {kMinusZero}, kMinusInfinity},
      {"rsqrt.approx.ftz.f32 d, a;", "f32 f32", {1}, kInfinity},
      {"rsqrt.approx.f64 d, a;", "f64 f64", {0x4000'0000'0000'0000}, 0x3FE6'A09E'667F'3BCD},
      {"rsqrt.approx.ftz.f64 d, a;", "f64 f64", {0x4000'0000'1234'5678}, 0x3FE6'A09E'0000'0000},
      {"rsqrt.approx.ftz.f64 d, a;", "f64 f64", {1}, 0x7FF0'0000'0000'0000},
      {"tanh.approx.f32 d, a;", "f32 f32", {kInfinity}, kOne},
      {"sin.approx.f32 d, a;", "f32 f32", {kMinusZero}, kMinusZero},
      {"ex2.approx.f16 d, a;", "b16 b16", {0x4000}, 0x4400},
      {"ex2.approx.ftz.bf16x2 d, a;", "b32 b32", {0x4000'3F80}, 0x4080'4000},
      {"tanh.approx.f16x2 d, a;", "b32 b32", {0xFC00'7C00}, 0xBC00'3C00},
      {"tanh.approx.bf16 d, a;", "b16 b16", {0x8000}, 0x8000},
  };
  for (const InstructionCase& test : cases) expect_result(test);
}

}  // namespace
}  // namespace hearth::ptx
