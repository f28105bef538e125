#include "emulated_cuda/ptx/floating_point.h"

#include <gtest/gtest.h>

#include <random>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace hearth::ptx {
namespace {

constexpr Rounding kRoundings[] = {Rounding::kNearestEven, Rounding::kZero, Rounding::kDown, Rounding::kUp};

// What the processor makes of a double in a rounding mode of its own.
float converted(double value, Rounding rounding) {
  const FloatingPointScope scope(rounding);
  volatile double source = value;
  volatile float result = static_cast<float>(source);
  return result;
}

// Doubles around all that matters to a float: any bits, near its denormals, near its largest, near halves of its last
// place.
std::vector<double> doubles() {
  std::mt19937_64 random(1);
  std::vector<double> values = {0.0, -0.0, INFINITY, -INFINITY, 0x1p-149, 0x1p-150, 0x1.8p-150, -0x1p-200, 0x1p128};
  values.insert(values.end(),
                {0x1.fffffep127, 0x1.ffffffp127, 0x1.fffffefp127, -0x1.ffffffp127, 0x1p-126, 65520, 65519});
  for (int i = 0; i < 20000; ++i) {
    const uint64_t bits = random();
    const double any = std::bit_cast<double>(bits);
    if (!std::isnan(any)) values.push_back(any);
    const auto near =
        static_cast<float>(std::ldexp(static_cast<double>(bits >> 11), static_cast<int>(bits % 300) - 200));
    values.push_back(near);
    values.push_back((static_cast<double>(near) + static_cast<double>(std::nextafter(near, 0.0F))) / 2);
  }
  return values;
}

TEST(Encode, RoundsToFloatLikeTheProcessor) {
  for (const double value : doubles()) {
    for (const Rounding rounding : kRoundings) {
      const auto expected = std::bit_cast<uint32_t>(converted(value, rounding));
      ASSERT_EQ(encode(value, kSingle, rounding), expected) << value << " rounding " << static_cast<int>(rounding);
    }
  }
}

#if defined(__x86_64__)
template <int kMode>
__attribute__((target("f16c"))) uint16_t to_half_by_processor(float value) {
  return static_cast<uint16_t>(_mm_extract_epi16(_mm_cvtps_ph(_mm_set_ss(value), kMode), 0));
}
__attribute__((target("f16c"))) float from_half_by_processor(uint16_t bits) {
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(bits)));
}

TEST(Encode, RoundsToHalfLikeTheProcessor) {
  if (!__builtin_cpu_supports("f16c")) GTEST_SKIP() << "needs F16C";
  for (const double value : doubles()) {
    const auto source = static_cast<float>(value);
    const float near = source * 0x1p-112F;
    for (const float each : {source, near}) {
      ASSERT_EQ(encode(each, kHalf, Rounding::kNearestEven), to_half_by_processor<0>(each)) << each;
      ASSERT_EQ(encode(each, kHalf, Rounding::kDown), to_half_by_processor<1>(each)) << each;
      ASSERT_EQ(encode(each, kHalf, Rounding::kUp), to_half_by_processor<2>(each)) << each;
      ASSERT_EQ(encode(each, kHalf, Rounding::kZero), to_half_by_processor<3>(each)) << each;
    }
  }
}

TEST(Decode, ReadsAllHalvesLikeTheProcessor) {
  if (!__builtin_cpu_supports("f16c")) GTEST_SKIP() << "needs F16C";
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float expected = from_half_by_processor(static_cast<uint16_t>(bits));
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(from_half(static_cast<uint16_t>(bits))) && std::isnan(decode(bits, kHalf)));
      continue;
    }
    ASSERT_EQ(std::bit_cast<uint32_t>(from_half(static_cast<uint16_t>(bits))), std::bit_cast<uint32_t>(expected));
    ASSERT_EQ(std::bit_cast<uint64_t>(decode(bits, kHalf)), std::bit_cast<uint64_t>(double{expected}));
  }
}
#endif

TEST(Encode, KnowsTheShortFormats) {
  struct Case {
    double value;
    Format format;
    Rounding rounding;
    uint64_t bits;
  };
  const Case cases[] = {
      // Halfway between 1 and the next bfloat16: to the even one, away from zero, up and down.
      {1.00390625, kBfloat, Rounding::kNearestEven, 0x3F80},
      {1.00390625, kBfloat, Rounding::kNearestAway, 0x3F81},
      {1.00390625, kBfloat, Rounding::kUp, 0x3F81},
      {1.01171875, kBfloat, Rounding::kNearestEven, 0x3F82},
      {-1.01171875, kBfloat, Rounding::kUp, 0xBF81},
      {0x1.fep127, kBfloat, Rounding::kNearestEven, 0x7F7F},
      {0x1.ffp127, kBfloat, Rounding::kNearestEven, 0x7F80},
      {0x1.ffp127, kBfloat, Rounding::kZero, 0x7F7F},
      {0x1p-133, kBfloat, Rounding::kNearestEven, 1},
      {0x1p-134, kBfloat, Rounding::kNearestEven, 0},
      {NAN, kBfloat, Rounding::kNearestEven, 0x7FFF},
      {NAN, kHalf, Rounding::kNearestEven, 0x7FFF},
      {1 + 0x1p-11, kTensorFloat, Rounding::kNearestAway, 0x1FC01},
      {1 + 0x1p-11, kTensorFloat, Rounding::kNearestEven, 0x1FC00},
  };
  for (const Case& test : cases) EXPECT_EQ(encode(test.value, test.format, test.rounding), test.bits) << test.value;
  // An integer of 64 bits, which no double holds.
  EXPECT_EQ(encode(false, 0xFFFF'FFFF'FFFF'FFFF, 0, kSingle, Rounding::kZero), 0x5F7F'FFFFU);
  EXPECT_EQ(encode(true, 0xFFFF'FFFF'FFFF'FFFF, 0, kSingle, Rounding::kNearestEven), 0xDF80'0000U);
  EXPECT_EQ(encode(false, (uint64_t{1} << 53) + 1, 0, kDouble, Rounding::kNearestEven), 0x4340'0000'0000'0000U);
  EXPECT_EQ(encode(false, (uint64_t{1} << 53) + 1, 0, kDouble, Rounding::kUp), 0x4340'0000'0000'0001U);
}

TEST(AddToOdd, RoundsToFloatAsIfFromTheExactSum) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 100000; ++i) {
    const auto a = std::bit_cast<float>(static_cast<uint32_t>(random()));
    const auto b = std::bit_cast<float>(static_cast<uint32_t>(random()));
    const auto c = std::bit_cast<float>(static_cast<uint32_t>(random()));
    const float expected = std::fma(a, b, c);
    if (std::isnan(expected)) continue;
    const uint64_t bits = encode(multiply_add_to_odd(a, b, c), kSingle, Rounding::kNearestEven);
    ASSERT_EQ(bits, std::bit_cast<uint32_t>(expected)) << a << " * " << b << " + " << c;
  }
}

TEST(FloatingPointScope, KeepsDenormalsWhateverTheCallerDoes) {
#if defined(__x86_64__)
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);  // Flush to zero, denormals are zero.
  {
    const FloatingPointScope scope;
    volatile float small = 0x1p-140F;
    volatile float half = small / 2;
    EXPECT_EQ(half, 0x1p-141F);
  }
  EXPECT_EQ(_mm_getcsr() & 0x8040, 0x8040U);
  _mm_setcsr(before);
#endif
}

}  // namespace
}  // namespace hearth::ptx
