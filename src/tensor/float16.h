#pragma once

#include <bit>
#include <cstdint>

namespace hearth {

/// IEEE half precision as stored. Converts through float; from float it rounds to nearest, ties to even.
struct Float16 {
  uint16_t bits = 0;

  constexpr Float16() = default;
  constexpr explicit Float16(float value) : bits(from_float(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): arithmetic is in float.
  constexpr operator float() const { return to_float(bits); }

 private:
  static constexpr uint16_t from_float(float value) {
    const uint32_t word = std::bit_cast<uint32_t>(value);
    const auto sign = static_cast<uint16_t>(word >> 16 & 0x8000U);
    const uint32_t magnitude = word & 0x7FFFFFFFU;
    if (magnitude > 0x7F800000U) return static_cast<uint16_t>(sign | 0x7E00U);   // NaN
    if (magnitude >= 0x477FF000U) return static_cast<uint16_t>(sign | 0x7C00U);  // rounds to 65536 or more
    if (magnitude < 0x38800000U) {
      // Subnormal: adding 0.5 puts the half's last place at the float's, and the addition rounds to even.
      const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
      return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(0.5F)));
    }
    const uint32_t rounded = magnitude + 0xFFFU + (magnitude >> 13 & 1U);
    return static_cast<uint16_t>(sign | ((rounded - 0x38000000U) >> 13));
  }

  static constexpr float to_float(uint16_t half) {
    const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16;
    const uint32_t exponent = half >> 10 & 0x1FU;
    const uint32_t fraction = half & 0x3FFU;
    if (exponent == 0x1FU) return std::bit_cast<float>(sign | 0x7F800000U | fraction << 13);
    if (exponent == 0) {
      const float value = static_cast<float>(fraction) * 0x1p-24F;
      return sign != 0 ? -value : value;
    }
    return std::bit_cast<float>(sign | (exponent + 112U) << 23 | fraction << 13);
  }
};

/// The upper half of a float as stored. From float it rounds to nearest, ties to even.
struct BFloat16 {
  uint16_t bits = 0;

  constexpr BFloat16() = default;
  constexpr explicit BFloat16(float value) : bits(from_float(value)) {}
  constexpr operator float() const {  // NOLINT(google-explicit-constructor): arithmetic is in float.
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  }

 private:
  static constexpr uint16_t from_float(float value) {
    const uint32_t word = std::bit_cast<uint32_t>(value);
    if ((word & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<uint16_t>(word >> 16 | 0x40U);
    return static_cast<uint16_t>((word + 0x7FFFU + (word >> 16 & 1U)) >> 16);
  }
};

}  // namespace hearth
