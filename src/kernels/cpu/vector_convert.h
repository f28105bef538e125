#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/cpu/tile_kernel.h"
#include "tensor/float16.h"

namespace hearth {

/// The first `columns` elements at `from` as a vector in memory's layout; the others are 0.
template <class Packed, class Isa>
inline Packed load_packed(const void* from, int columns) {
  Packed packed{};
  if (columns >= Isa::kLanes) {
    std::memcpy(&packed, from, sizeof(packed));
  } else {
    std::memcpy(&packed, from, static_cast<size_t>(columns) * sizeof(packed[0]));
  }
  return packed;
}

template <class Isa, class Packed>
inline void store_packed(void* to, Packed packed, int columns) {
  if (columns >= Isa::kLanes) {
    std::memcpy(to, &packed, sizeof(packed));
  } else {
    std::memcpy(to, &packed, static_cast<size_t>(columns) * sizeof(packed[0]));
  }
}

template <class Isa>
inline typename Isa::Vector load_columns(const BFloat16* from, int columns) {
  const auto packed = load_packed<typename Isa::Halves, Isa>(from, columns);
  return reinterpret_cast<typename Isa::Vector>(Isa::widen_halves(packed) << 16);
}

/// Rounds to nearest, ties to even; NaN stays NaN.
template <class Isa>
inline void store_columns(BFloat16* to, typename Isa::Vector value, int columns) {
  if constexpr (requires { Isa::narrow_bfloat16(value); }) {
    return store_packed<Isa>(to, Isa::narrow_bfloat16(value), columns);
  }
  using Unsigned = typename Isa::Unsigned;
  const auto bits = reinterpret_cast<Unsigned>(value);
  const Unsigned rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  const Unsigned result = value == value ? rounded : (bits >> 16) | 0x40U;
  store_packed<Isa>(to, __builtin_convertvector(result, typename Isa::Halves), columns);
}

template <class Isa>
inline typename Isa::Vector load_columns(const Float16* from, int columns) {
  return Isa::widen(load_packed<typename Isa::Halves, Isa>(from, columns));
}

template <class Isa>
inline void store_columns(Float16* to, typename Isa::Vector value, int columns) {
  store_packed<Isa>(to, Isa::narrow(value), columns);
}

/// Bytes minus `zero`.
template <class Isa>
inline typename Isa::Vector load_bytes(const uint8_t* from, int32_t zero, int columns) {
  const auto packed = load_packed<typename Isa::Bytes, Isa>(from, columns);
  return __builtin_convertvector(Isa::widen_bytes(packed) - zero, typename Isa::Vector);
}

/// Bytes as the numbers that they mean.
template <class Isa>
inline typename Isa::Vector load_affine(const uint8_t* from, Affine affine, int columns) {
  return load_bytes<Isa>(from, affine.zero, columns) * affine.scale;
}

/// How numbers become bytes: times `factor`, bounded, rounded, plus `zero`.
struct Quantizer {
  explicit Quantizer(Affine affine, float lowest = -__builtin_inff(), float highest = __builtin_inff())
      : factor(1 / affine.scale), zero(affine.zero) {
    const auto least = static_cast<float>(-zero);
    low = lowest * factor > least ? lowest * factor : least;
    high = highest * factor < least + 255 ? highest * factor : least + 255;
    if (high < low) high = low;
  }

  float factor;
  float low;
  float high;
  int32_t zero;
};

/// Stores numbers that are multiplied by the quantizer's factor already. Rounds to nearest, ties to even. NaN becomes
/// any byte.
template <class Isa>
inline void store_scaled(uint8_t* to, typename Isa::Vector scaled, const Quantizer& quantizer, int columns) {
  using Integer = typename Isa::Integer;
  // Added to a number below 2^22, it leaves the rounded integer in the low bits of the sum.
  constexpr float kRounding = 0x1.8p23F;
  constexpr int32_t kRoundingBits = 0x4B400000;
  const auto bounded = clamp<Isa>(scaled, Isa::broadcast(quantizer.low), Isa::broadcast(quantizer.high));
  const Integer integers = reinterpret_cast<Integer>(bounded + kRounding) + (quantizer.zero - kRoundingBits);
  store_packed<Isa>(to, __builtin_convertvector(integers, typename Isa::Bytes), columns);
}

template <class Isa>
inline void store_quantized(uint8_t* to, typename Isa::Vector value, const Quantizer& quantizer, int columns) {
  store_scaled<Isa>(to, value * quantizer.factor, quantizer, columns);
}

template <class Isa>
void quantize_elements(const float* from, Affine affine, uint8_t* to, int64_t count) {
  const Quantizer quantizer(affine);
  int64_t i = 0;
  for (; i + Isa::kLanes <= count; i += Isa::kLanes) {
    store_quantized<Isa>(to + i, Isa::load(from + i), quantizer, Isa::kLanes);
  }
  const int left = static_cast<int>(count - i);
  if (left > 0) store_quantized<Isa>(to + i, Isa::load_partial(from + i, left), quantizer, left);
}

template <class Isa>
void dequantize_elements(const uint8_t* from, Affine affine, float* to, int64_t count) {
  int64_t i = 0;
  for (; i + Isa::kLanes <= count; i += Isa::kLanes)
    Isa::store(to + i, load_affine<Isa>(from + i, affine, Isa::kLanes));
  const int left = static_cast<int>(count - i);
  if (left > 0) Isa::store_partial(to + i, load_affine<Isa>(from + i, affine, left), left);
}

template <class Isa>
float largest_magnitude(const float* values, int64_t count) {
  typename Isa::Vector largest{};
  const auto include = [&](typename Isa::Vector value) {
    const auto magnitude = value < 0 ? -value : value;
    largest = magnitude > largest ? magnitude : largest;
  };
  int64_t i = 0;
  for (; i + Isa::kLanes <= count; i += Isa::kLanes) include(Isa::load(values + i));
  if (i < count) include(Isa::load_partial(values + i, static_cast<int>(count - i)));
  float result = 0;
  for (int lane = 0; lane < Isa::kLanes; ++lane) result = largest[lane] > result ? largest[lane] : result;
  return result;
}

template <class Isa, class From, class To>
void convert_elements(const From* from, To* to, int64_t count) {
  int64_t i = 0;
  for (; i + Isa::kLanes <= count; i += Isa::kLanes) {
    store_columns<Isa>(to + i, load_columns<Isa>(from + i, Isa::kLanes), Isa::kLanes);
  }
  const int left = static_cast<int>(count - i);
  if (left > 0) store_columns<Isa>(to + i, load_columns<Isa>(from + i, left), left);
}

}  // namespace hearth
