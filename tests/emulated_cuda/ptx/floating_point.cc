#include "emulated_cuda/ptx/floating_point.h"

#include <algorithm>
#include <limits>

namespace hearth::ptx {
namespace {

// The bits below `shift` of `mantissa` decide whether the rest, `kept`, goes up by one.
bool rounds_up(uint64_t mantissa, int shift, bool negative, Rounding rounding) {
  const bool all_dropped = shift > 64;
  const uint64_t kept = shift >= 64 ? 0 : mantissa >> shift;
  const uint64_t dropped = shift >= 64 ? mantissa : mantissa & ((uint64_t{1} << shift) - 1);
  if (dropped == 0) return false;
  switch (rounding) {
    case Rounding::kZero:
      return false;
    case Rounding::kDown:
      return negative;
    case Rounding::kUp:
      return !negative;
    case Rounding::kNearestEven:
    case Rounding::kNearestAway:
      break;
  }
  if (all_dropped) return false;  // Less than a half.
  const uint64_t half = uint64_t{1} << (shift - 1);
  if (dropped != half) return dropped > half;
  return rounding == Rounding::kNearestAway || (kept & 1) != 0;
}

uint64_t beyond_range(bool negative, uint64_t infinity, Rounding rounding) {
  const bool to_infinity = rounding == Rounding::kNearestEven || rounding == Rounding::kNearestAway ||
                           rounding == (negative ? Rounding::kDown : Rounding::kUp);
  return to_infinity ? infinity : infinity - 1;
}

}  // namespace

Format format_of(Type type) {
  switch (type) {
    case Type::kF16:
    case Type::kF16x2:
      return kHalf;
    case Type::kBf16:
    case Type::kBf16x2:
      return kBfloat;
    case Type::kTf32:
      return kTensorFloat;
    case Type::kF64:
      return kDouble;
    default:
      return kSingle;
  }
}

uint64_t encode(bool negative, uint64_t mantissa, int exponent, Format format, Rounding rounding) {
  const int bias = (1 << (format.exponent_bits - 1)) - 1;
  const uint64_t sign = static_cast<uint64_t>(negative) << (format.exponent_bits + format.fraction_bits);
  const uint64_t infinity = ((uint64_t{1} << format.exponent_bits) - 1) << format.fraction_bits;
  if (mantissa == 0) return sign;
  // The value lies in [2^magnitude, 2^(magnitude + 1)); the result is a multiple of 2^quantum.
  const int magnitude = exponent + 63 - std::countl_zero(mantissa);
  const int least_quantum = 1 - bias - format.fraction_bits;
  const int quantum = std::max(magnitude - format.fraction_bits, least_quantum);
  const int shift = quantum - exponent;
  uint64_t kept = 0;
  if (shift <= 0) {
    kept = mantissa << -shift;
  } else {
    kept =
        (shift >= 64 ? 0 : mantissa >> shift) + static_cast<uint64_t>(rounds_up(mantissa, shift, negative, rounding));
  }
  if (quantum - least_quantum > (1 << format.exponent_bits)) return sign | beyond_range(negative, infinity, rounding);
  // Normal numbers have their first bit in `kept`, which adds one to the exponent; so does a carry.
  const uint64_t bits = (static_cast<uint64_t>(quantum - least_quantum) << format.fraction_bits) + kept;
  return sign | (bits >= infinity ? beyond_range(negative, infinity, rounding) : bits);
}

uint64_t encode(double value, Format format, Rounding rounding) {
  const uint64_t bits = std::bit_cast<uint64_t>(value);
  const bool negative = bits >> 63 != 0;
  const auto exponent = static_cast<int>(bits >> 52 & 0x7FF);
  const uint64_t fraction = bits & ((uint64_t{1} << 52) - 1);
  if (exponent == 0x7FF) {
    const uint64_t ones = (uint64_t{1} << (format.exponent_bits + format.fraction_bits)) - 1;
    if (fraction != 0) return ones;
    const uint64_t sign = static_cast<uint64_t>(negative) << (format.exponent_bits + format.fraction_bits);
    return sign | (ones >> format.fraction_bits << format.fraction_bits);
  }
  if (exponent == 0) return encode(negative, fraction, -1074, format, rounding);
  return encode(negative, fraction | uint64_t{1} << 52, exponent - 1075, format, rounding);
}

double decode(uint64_t bits, Format format) {
  const int bias = (1 << (format.exponent_bits - 1)) - 1;
  const uint64_t fraction = bits & ((uint64_t{1} << format.fraction_bits) - 1);
  const auto exponent = static_cast<int>(bits >> format.fraction_bits & ((uint64_t{1} << format.exponent_bits) - 1));
  const bool negative = (bits >> (format.exponent_bits + format.fraction_bits) & 1) != 0;
  double value = 0;
  if (exponent == (1 << format.exponent_bits) - 1) {
    value = fraction != 0 ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
  } else if (exponent == 0) {
    value = std::ldexp(static_cast<double>(fraction), 1 - bias - format.fraction_bits);
  } else {
    value = std::ldexp(static_cast<double>(fraction | uint64_t{1} << format.fraction_bits),
                       exponent - bias - format.fraction_bits);
  }
  return negative ? -value : value;
}

float from_half(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000U) << 16;
  const uint32_t exponent = bits >> 10 & 0x1FU;
  const uint32_t fraction = bits & 0x3FFU;
  if (exponent == 0x1FU) return std::bit_cast<float>(sign | 0x7F80'0000U | fraction << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float value = static_cast<float>(fraction) * 0x1p-24F;
  return sign != 0 ? -value : value;
}

double add_to_odd(double a, double b) {
  const double sum = a + b;
  // Knuth's two-sum: a + b = sum + rest exactly.
  const double from_b = sum - a;
  const double rest = (a - (sum - from_b)) + (b - from_b);
  const uint64_t bits = std::bit_cast<uint64_t>(sum);
  if (rest == 0 || (bits & 1) != 0 || !std::isfinite(sum) || std::isnan(rest)) return sum;
  // The exact sum lies between `sum` and its neighbour on the side of the rest, which is odd.
  const bool away_from_zero = (rest > 0) == (sum > 0);
  return std::bit_cast<double>(away_from_zero ? bits + 1 : bits - 1);
}

FloatingPointScope::FloatingPointScope(Rounding rounding) {
  std::fegetenv(&saved_);
  std::fesetenv(FE_DFL_ENV);
  switch (rounding) {
    case Rounding::kZero:
      std::fesetround(FE_TOWARDZERO);
      break;
    case Rounding::kDown:
      std::fesetround(FE_DOWNWARD);
      break;
    case Rounding::kUp:
      std::fesetround(FE_UPWARD);
      break;
    case Rounding::kNearestEven:
    case Rounding::kNearestAway:
      break;
  }
}

FloatingPointScope::~FloatingPointScope() { std::fesetenv(&saved_); }

}  // namespace hearth::ptx
