#pragma once

#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdint>

#include "emulated_cuda/ptx/types.h"

namespace hearth::ptx {

/// .rn, .rz, .rm and .rp; and .rna, to nearest with ties away from zero.
enum class Rounding : uint8_t { kNearestEven, kZero, kDown, kUp, kNearestAway };

/// An IEEE format of at most 64 bits with a sign, denormals, infinities and NaN.
struct Format {
  int exponent_bits;
  int fraction_bits;
};

inline constexpr Format kHalf{5, 10};
inline constexpr Format kBfloat{8, 7};
inline constexpr Format kTensorFloat{8, 10};
inline constexpr Format kSingle{8, 23};
inline constexpr Format kDouble{11, 52};

/// The format of one element of a floating type. A tf32 lies in the upper bits of a float: this is where its format
/// ends, not where it lies.
Format format_of(Type type);

/// The number (negative ? -1 : 1) · mantissa · 2^exponent in a format, rounded once; beyond the range it becomes
/// infinity or the largest number, as the rounding says.
uint64_t encode(bool negative, uint64_t mantissa, int exponent, Format format, Rounding rounding);
/// A double in a format, rounded once. NaN becomes the format's NaN with all bits of the fraction set.
uint64_t encode(double value, Format format, Rounding rounding);
/// What bits of a format stand for; exact, because every format but kDouble is narrower than a double.
double decode(uint64_t bits, Format format);

/// Halves of 16 bits as stored.
float from_half(uint16_t bits);
inline float from_bfloat(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
inline uint16_t to_half(double value) { return static_cast<uint16_t>(encode(value, kHalf, Rounding::kNearestEven)); }
inline uint16_t to_bfloat(double value) {
  return static_cast<uint16_t>(encode(value, kBfloat, Rounding::kNearestEven));
}

/// a + b, or a·b + c, of doubles in which the last bit is set when the result is not exact ("round to odd"), so that
/// rounding it to a format that is at least two bits shorter rounds as if from the exact result.
/// Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums", 2008. a·b must be exact.
double add_to_odd(double a, double b);
inline double multiply_add_to_odd(double a, double b, double c) { return add_to_odd(a * b, c); }

/// Denormal numbers become zero of the same sign, as .ftz wants.
inline float flush(float value) { return std::fabs(value) < 0x1p-126F ? std::copysign(0.0F, value) : value; }

/// .sat: into [0, 1]; NaN becomes 0.
template <typename T>
T saturate(T value) {
  return value > T{0} ? (value < T{1} ? value : T{1}) : T{0};
}

/// Gives this thread a floating-point environment for as long as it lives: rounding as asked for, denormals kept
/// (whoever calls may have told the processor to flush them), no traps.
class FloatingPointScope {
 public:
  explicit FloatingPointScope(Rounding rounding = Rounding::kNearestEven);
  ~FloatingPointScope();
  FloatingPointScope(const FloatingPointScope&) = delete;
  FloatingPointScope& operator=(const FloatingPointScope&) = delete;

 private:
  std::fenv_t saved_;
};

}  // namespace hearth::ptx
