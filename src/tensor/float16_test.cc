#include "tensor/float16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

namespace hearth {
namespace {

/// A 16-bit float by its definition, in double, which holds every value and every midpoint exactly.
struct Format {
  int exponent_bits;
  int fraction_bits;

  int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  int infinity() const { return ((1 << exponent_bits) - 1) << fraction_bits; }

  double value(int bits) const {
    const int magnitude = bits & 0x7FFF;
    const double sign = (bits & 0x8000) != 0 ? -1 : 1;
    if (magnitude > infinity()) return std::numeric_limits<double>::quiet_NaN();
    if (magnitude == infinity()) return sign * std::numeric_limits<double>::infinity();
    return sign * finite(magnitude);
  }

  /// Bits of the nearest value, the even one when two are as near; infinity counts as the next power of two.
  int nearest(double magnitude) const {
    int low = 0;
    int high = infinity();
    while (high - low > 1) {
      const int middle = (low + high) / 2;
      (finite(middle) <= magnitude ? low : high) = middle;
    }
    const double below = magnitude - finite(low);
    const double above = finite(high) - magnitude;
    if (below == above) return low % 2 == 0 ? low : high;
    return below < above ? low : high;
  }

 private:
  double finite(int magnitude) const {
    const int exponent = magnitude >> fraction_bits;
    const int fraction = magnitude & ((1 << fraction_bits) - 1);
    if (exponent == 0) return std::ldexp(fraction, 1 - bias() - fraction_bits);
    return std::ldexp((1 << fraction_bits) + fraction, exponent - bias() - fraction_bits);
  }
};

template <typename T>
struct Case;
template <>
struct Case<Float16> {
  static constexpr Format kFormat{5, 10};
};
template <>
struct Case<BFloat16> {
  static constexpr Format kFormat{8, 7};
};

template <typename T>
class Float16Bits : public ::testing::Test {
 protected:
  static T from_bits(int bits) {
    T number;
    number.bits = static_cast<uint16_t>(bits);
    return number;
  }
  static void expect_nearest(float value) {
    const int sign = std::signbit(value) ? 0x8000 : 0;
    const int expected = sign | Case<T>::kFormat.nearest(std::abs(static_cast<double>(value)));
    ASSERT_EQ(T(value).bits, expected) << std::hexfloat << value;
  }
};

using Types = ::testing::Types<Float16, BFloat16>;
TYPED_TEST_SUITE(Float16Bits, Types);

TYPED_TEST(Float16Bits, EveryValueConvertsThereAndBack) {
  for (int bits = 0; bits < 65536; ++bits) {
    const double expected = Case<TypeParam>::kFormat.value(bits);
    const float value = this->from_bits(bits);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(value)) << bits;
      ASSERT_TRUE(std::isnan(static_cast<float>(TypeParam(value)))) << bits;
      ASSERT_EQ(std::signbit(value), (bits & 0x8000) != 0);
      continue;
    }
    ASSERT_EQ(static_cast<double>(value), expected) << bits;
    ASSERT_EQ(std::signbit(value), std::signbit(expected)) << bits;
    ASSERT_EQ(TypeParam(value).bits, bits);
  }
}

TYPED_TEST(Float16Bits, RoundsTheMidpointsAndTheirNeighboursToEven) {
  const Format format = Case<TypeParam>::kFormat;
  for (int bits = 0; bits < format.infinity(); ++bits) {
    const double next = bits + 1 == format.infinity() ? std::ldexp(1, format.bias() + 1) : format.value(bits + 1);
    const auto middle = static_cast<float>((format.value(bits) + next) / 2);
    for (const float value : {middle, std::nextafter(middle, 0.0F), std::nextafter(middle, INFINITY)}) {
      this->expect_nearest(value);
      this->expect_nearest(-value);
    }
  }
}

TYPED_TEST(Float16Bits, RoundsRandomFloatsToTheNearest) {
  constexpr uint32_t kSeed = 20240611;
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::mt19937 random(kSeed);
  for (int i = 0; i < 200000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(static_cast<float>(TypeParam(value))));
    } else if (!std::isinf(value)) {
      this->expect_nearest(value);
    }
  }
}

TYPED_TEST(Float16Bits, KeepsInfinitiesAndZeros) {
  const int infinity = Case<TypeParam>::kFormat.infinity();
  EXPECT_EQ(TypeParam(INFINITY).bits, infinity);
  EXPECT_EQ(TypeParam(-INFINITY).bits, infinity | 0x8000);
  EXPECT_EQ(TypeParam(std::numeric_limits<float>::max()).bits, infinity);
  EXPECT_EQ(TypeParam(0.0F).bits, 0);
  EXPECT_EQ(TypeParam(-0.0F).bits, 0x8000);
  EXPECT_EQ(TypeParam(std::numeric_limits<float>::denorm_min()).bits, 0);
}

}  // namespace
}  // namespace hearth
