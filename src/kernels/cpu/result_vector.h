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
    if constexpr (std::is_same_v<Result, uint8_t>) {
      store_quantized<Isa>(to, value, quantizer_, columns);
    } else {
      store_columns<Isa>(to, clamp<Isa>(value, Isa::broadcast(low_), Isa::broadcast(high_)), columns);
    }
  }

 private:
  const Activation activation_;
  const float low_;
  const float high_;
  const Quantizer quantizer_;
};

}  // namespace hearth
