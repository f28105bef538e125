#pragma once

#include <cstdint>

#include "kernels/activation.h"
#include "kernels/cpu/tile_kernel.h"

namespace hearth {

/// Has a number that was loaded kept where it is: compilers would rather load it again for each use.
template <class Vector>
[[gnu::always_inline]] inline void keep_in_register([[maybe_unused]] Vector& vector) {
#if defined(__x86_64__)
  asm("" : "+v"(vector));
#elif defined(__aarch64__)
  asm("" : "+w"(vector));
#endif
}

// Coefficients are minimax fits in relative error (iteratively reweighted least squares, rounded to float) on the
// intervals named; but for gelu's each function is within a few units in the last place.

template <class Isa, int kCount>
inline typename Isa::Vector polynomial(typename Isa::Vector x, const float (&coefficients)[kCount]) {
  typename Isa::Vector value = Isa::broadcast(coefficients[kCount - 1]);
#pragma GCC unroll 8
  for (int i = kCount - 2; i >= 0; --i) value = Isa::fma(value, x, Isa::broadcast(coefficients[i]));
  return value;
}

/// 2^n for whole n in [-126, 127].
template <class Isa>
inline typename Isa::Vector power_of_two(typename Isa::Integer n) {
  return reinterpret_cast<typename Isa::Vector>((n + 127) << 23);
}

/// e^x: x = n·ln 2 + r (Cody and Waite), e^r by a polynomial on |r| ≤ ln 2 / 2. Without an instruction for it, 2^n is
/// multiplied in two steps, so that results overflow to infinity and fade to 0 as they should.
template <class Isa>
inline typename Isa::Vector exponential(typename Isa::Vector x) {
  using Vector = typename Isa::Vector;
  constexpr float kRoundToInteger = 12582912.0F;  // 1.5 · 2^23
  constexpr float kCoefficients[] = {1.0F, 1.0F, 0.5F, 0.166665763F, 0.0416663736F, 0.00836323481F, 0.00139412144F};
  x = clamp<Isa>(x, Isa::broadcast(-104.0F), Isa::broadcast(104.0F));
  const Vector shifted = Isa::fma(x, Isa::broadcast(1.44269504F), Isa::broadcast(kRoundToInteger));
  const Vector n = shifted - Isa::broadcast(kRoundToInteger);
  Vector r = Isa::fma(n, Isa::broadcast(-0.693359375F), x);
  r = Isa::fma(n, Isa::broadcast(2.12194440e-4F), r);
  const Vector mantissa = polynomial<Isa>(r, kCoefficients);
  if constexpr (requires { Isa::scale(mantissa, n); }) {
    return Isa::scale(mantissa, n);
  } else {
    const auto exponent = reinterpret_cast<typename Isa::Integer>(shifted) -
                          reinterpret_cast<typename Isa::Integer>(Isa::broadcast(kRoundToInteger));
    const auto half = exponent >> 1;
    return mantissa * power_of_two<Isa>(half) * power_of_two<Isa>(exponent - half);
  }
}

template <class Isa>
inline typename Isa::Vector magnitude(typename Isa::Vector x) {
  return x < 0.0F ? -x : x;
}

/// x times the normal distribution's Φ(x): Φ(-|x|) = e^(-|x|·P(|x|)) / 2, where P is a fit in absolute error of Φ on
/// |x| ≤ 6.5. Beyond it fades to 0.
template <class Isa>
inline typename Isa::Vector gelu(typename Isa::Vector x) {
  using Vector = typename Isa::Vector;
  constexpr float kCoefficients[] = {0.797887564F,    0.318273038F,   0.0364843123F,   -0.00505904574F,
                                     0.000234770909F, 6.62318344e-5F, -1.33483704e-5F, 7.69190478e-7F};
  const Vector size = magnitude<Isa>(x);
  const Vector tail = 0.5F * exponential<Isa>(-size * polynomial<Isa>(size, kCoefficients));
  return x * (x < 0.0F ? tail : 1.0F - tail);
}

/// x + x³·P(x²) up to 0.625, then 1 - 2 / (e^(2|x|) + 1) with the sign of x.
template <class Isa>
inline typename Isa::Vector hyperbolic_tangent(typename Isa::Vector x) {
  using Vector = typename Isa::Vector;
  constexpr float kSmall[] = {-0.333333284F, 0.133327901F, -0.0538532957F, 0.0210063607F, -0.0061077266F};
  const Vector size = magnitude<Isa>(x);
  const Vector square = x * x;
  const Vector inner = Isa::fma(x * square, polynomial<Isa>(square, kSmall), x);
  const Vector outer = 1.0F - 2.0F / (exponential<Isa>(size + size) + 1.0F);
  return size > 0.625F ? (x < 0.0F ? -outer : outer) : inner;
}

template <class Isa, Activation kActivation>
inline typename Isa::Vector activation_of(typename Isa::Vector x) {
  using Vector = typename Isa::Vector;
  const Vector zero{};
  if constexpr (kActivation == Activation::kRelu) return x < 0.0F ? zero : x;
  if constexpr (kActivation == Activation::kRelu6) return clamp<Isa>(x, zero, Isa::broadcast(6.0F));
  if constexpr (kActivation == Activation::kSilu) return x / (1.0F + exponential<Isa>(-x));
  if constexpr (kActivation == Activation::kGelu) return gelu<Isa>(x);
  if constexpr (kActivation == Activation::kGeluTanh) {
    return 0.5F * x * (1.0F + hyperbolic_tangent<Isa>(0.79788456F * (x + 0.044715F * x * x * x)));
  }
  if constexpr (kActivation == Activation::kHardswish) {
    return x * clamp<Isa>(x + 3.0F, zero, Isa::broadcast(6.0F)) / 6.0F;
  }
  return x;
}

template <class Isa, Activation kActivation>
void activate_all(float* values, int64_t count) {
  int64_t i = 0;
  for (; i + Isa::kLanes <= count; i += Isa::kLanes) {
    Isa::store(values + i, activation_of<Isa, kActivation>(Isa::load(values + i)));
  }
  if (i == count) return;
  const int left = static_cast<int>(count - i);
  Isa::store_partial(values + i, activation_of<Isa, kActivation>(Isa::load_partial(values + i, left)), left);
}

template <class Isa>
void activate(Activation activation, float* values, int64_t count) {
  switch (activation) {
    case Activation::kNone:
      return;
    case Activation::kRelu:
      return activate_all<Isa, Activation::kRelu>(values, count);
    case Activation::kRelu6:
      return activate_all<Isa, Activation::kRelu6>(values, count);
    case Activation::kSilu:
      return activate_all<Isa, Activation::kSilu>(values, count);
    case Activation::kGelu:
      return activate_all<Isa, Activation::kGelu>(values, count);
    case Activation::kGeluTanh:
      return activate_all<Isa, Activation::kGeluTanh>(values, count);
    case Activation::kHardswish:
      return activate_all<Isa, Activation::kHardswish>(values, count);
  }
}

}  // namespace hearth
