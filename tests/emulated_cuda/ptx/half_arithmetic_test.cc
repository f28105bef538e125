#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>
#include <random>

#include "emulated_cuda/ptx/floating_point.h"
#include "emulated_cuda/ptx/testing/instruction_case.h"
#include "emulated_cuda/ptx/testing/test_device.h"

namespace hearth::ptx {
namespace {

// Worked out by hand. Halves: 0x3C00 is 1, 0x4000 is 2, 0x7BFF is 65504, 0x0001 is 2^-24.
const InstructionCase kCases[] = {
    {"add.f16 d, a, b;", "b16 b16 b16", {0x3C00, 0x3C00}, 0x4000},
    // 1 + 2^-11 is a tie, to even; one place further it goes up.
    {"add.rn.f16 d, a, b;", "b16 b16 b16", {0x3C00, 0x1000}, 0x3C00},
    {"add.rn.f16 d, a, b;", "b16 b16 b16", {0x3C01, 0x1000}, 0x3C02},
    {"add.f16 d, a, b;", "b16 b16 b16", {0x7BFF, 0x7BFF}, 0x7C00},
    {"add.f16 d, a, b;", "b16 b16 b16", {0x0001, 0x0001}, 0x0002},
    {"add.ftz.f16 d, a, b;", "b16 b16 b16", {0x0001, 0x0001}, 0x0000},
    {"add.sat.f16 d, a, b;", "b16 b16 b16", {0x3C00, 0x3C00}, 0x3C00},
    {"sub.f16x2 d, a, b;", "b32 b32 b32", {0x4000'3C00, 0x3C00'4000}, 0x3C00'BC00},
    {"mul.f16 d, a, b;", "b16 b16 b16", {0x0001, 0x3800}, 0x0000},
    {"mul.f16 d, a, b;", "b16 b16 b16", {0x0003, 0x3800}, 0x0002},
    {"mul.f16x2 d, a, b;", "b32 b32 b32", {0x4000'4200, 0x4000'4200}, 0x4400'4880},
    // (1 + 2^-10)^2 - 1 - 2^-9 = 2^-20.
    {"fma.rn.f16 d, a, a, b;", "b16 b16 b16", {0x3C01, 0xBC02}, 0x0010},
    {"fma.rn.relu.f16x2 d, a, b, c;", "b32 b32 b32 b32", {0x3C00'3C00, 0xC000'4000, 0x3C00'3C00}, 0x0000'4200},
    // 2·1 - 1 in bfloat16, and 256 + 1, which is a tie.
    {"fma.rn.bf16x2 d, a, b, c;", "b32 b32 b32 b32", {0x4000'4380, 0x3F80'3F80, 0xBF80'3F80}, 0x3F80'4380},
    {"add.bf16 d, a, b;", "b16 b16 b16", {0x4381, 0x3F80}, 0x4382},
    {"mul.bf16x2 d, a, b;", "b32 b32 b32", {0x4000'C000, 0x4000'4000}, 0x4080'C080},
    {"sub.rn.bf16 d, a, b;", "b16 b16 b16", {0x3F80, 0x4000}, 0xBF80},
    {"neg.f16 d, a;", "b16 b16", {0x3C00}, 0xBC00},
    {"neg.bf16x2 d, a;", "b32 b32", {0x3F80'8000}, 0xBF80'0000},
    {"abs.f16x2 d, a;", "b32 b32", {0xBC00'8000}, 0x3C00'0000},
    {"abs.bf16 d, a;", "b16 b16", {0xFF80}, 0x7F80},
    {"min.f16 d, a, b;", "b16 b16 b16", {0x7E00, 0x3C00}, 0x3C00},
    {"min.NaN.f16 d, a, b;", "b16 b16 b16", {0x7E00, 0x3C00}, 0x7FFF},
    {"max.bf16x2 d, a, b;", "b32 b32 b32", {0x8000'7FC0, 0x0000'4000}, 0x0000'4000},
    {"max.NaN.bf16x2 d, a, b;", "b32 b32 b32", {0x8000'7FC0, 0x0000'4000}, 0x0000'7FFF},
    {"min.bf16 d, a, b;", "b16 b16 b16", {0x0000, 0x8000}, 0x8000},
};

TEST(HalfArithmetic, GivesTheResultsWorkedOutByHand) {
  for (const InstructionCase& test : kCases) expect_result(test);
}

// Long doubles hold every product and most sums of halves exactly: pairs whose sum they would round are left out.
TEST(HalfArithmetic, RoundsFusedProductsOnce) {
  constexpr uint32_t kThreads = 512;
  std::mt19937_64 random(4);
  for (const bool brain : {false, true}) {
    std::vector<uint64_t> in(3 * kThreads);
    for (uint64_t& bits : in) {
      bits = random() & 0xFFFF;
      if (brain) bits = (bits & 0x807F) | (0x3F80 - 0x80 * (random() % 12));  // Near one: 2^-12 to 2.
    }
    const Answer answer =
        run_body(fmt::format("mad.lo.u64 %d1, %d0, 3, %in; ld.global.b16 %h1, [%d1]; ld.global.b16 %h2, [%d1+8]; "
                             "ld.global.b16 %h3, [%d1+16]; fma.rn.{} %h4, %h1, %h2, %h3; add.u64 %d2, %out, %d0; "
                             "cvt.u64.u16 %d3, %h4; st.global.b64 [%d2], %d3;",
                             brain ? "bf16" : "f16"),
                 in, kThreads);
    ASSERT_EQ(answer.message, "");
    const Format format = brain ? kBfloat : kHalf;
    for (uint32_t i = 0; i < kThreads; ++i) {
      const long double product = static_cast<long double>(decode(in[3 * i], format)) * decode(in[3 * i + 1], format);
      const long double addend = decode(in[3 * i + 2], format);
      const long double sum = product + addend;
      if (std::isnan(sum) || sum == 0 || sum - product != addend || sum - addend != product) continue;
      // Truncated to a double, with whatever that loses as its last bit.
      const FloatingPointScope scope(Rounding::kZero);
      volatile long double source = sum;
      auto bits = std::bit_cast<uint64_t>(static_cast<double>(source));
      if (static_cast<long double>(std::bit_cast<double>(bits)) != sum) bits |= 1;
      ASSERT_EQ(answer.values[i], encode(std::bit_cast<double>(bits), format, Rounding::kNearestEven))
          << fmt::format("0x{:x} * 0x{:x} + 0x{:x}", in[3 * i], in[3 * i + 1], in[3 * i + 2]);
    }
  }
}

}  // namespace
}  // namespace hearth::ptx
