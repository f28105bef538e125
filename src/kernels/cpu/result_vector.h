#pragma once

#include <type_traits>

#include "kernels/cpu/vector_convert.h"

namespace hearth {

/// How vectors of a result are stored. Result is float, BFloat16 or uint8_t.
template <class Isa, class Result>
class ResultVector {
 public:
  /// `affine`: what uint8 elements mean.
  ResultVector(Activation activation, Affine affine)
      : activation_(activation),
        low_(is_clamp() && activation != Activation::kNone ? 0 : -__builtin_inff()),
        high_(activation == Activation::kRelu6 ? 6 : __builtin_inff()),
        quantizer_(affine, low_, high_) {}

  /// True when store() applies the activation, false when that must be done before.
  bool is_clamp() const {
    return activation_ == Activation::kNone || activation_ == Activation::kRelu || activation_ == Activation::kRelu6;
  }

  [[gnu::always_inline]] void store(Result* to, typename Isa::Vector value, int columns) const {
    if constexpr (std::is_same_v<Result, uint8_t>) value *= quantizer_.factor;
    store_scaled(to, value, columns);
  }

  /// What numbers are multiplied by before they are stored as elements: 1 but for uint8.
  float factor() const { return std::is_same_v<Result, uint8_t> ? quantizer_.factor : 1; }
  /// Stores numbers that were multiplied by factor().
  [[gnu::always_inline]] void store_scaled(Result* to, typename Isa::Vector scaled, int columns) const {
    if constexpr (std::is_same_v<Result, uint8_t>) {
      hearth::store_scaled<Isa>(to, scaled, quantizer_, columns);
    } else {
      store_columns<Isa>(to, clamp<Isa>(scaled, Isa::broadcast(low_), Isa::broadcast(high_)), columns);
    }
  }

 private:
  const Activation activation_;
  const float low_;
  const float high_;
  const Quantizer quantizer_;
};

}  // namespace hearth
