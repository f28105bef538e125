#pragma once

#include "kernels/cpu/vector_convert.h"
#include "kernels/cpu/vector_math.h"

namespace hearth {

/// A vector of sums with bias, residual and bounds.
template <class Isa, class Residual, class Result>
inline void finish_vector(const float* sums, const float* bias, const Residual* residual, float low, float high,
                          Result* result, int columns) {
  auto value = load_columns<Isa>(sums, columns);
  if (bias) value += load_columns<Isa>(bias, columns);
  if (residual) value += load_columns<Isa>(residual, columns);
  store_columns<Isa>(result, clamp<Isa>(value, Isa::broadcast(low), Isa::broadcast(high)), columns);
}

template <class Isa, class Residual, class Result>
inline void finish_row(const float* sums, const float* bias, const Residual* residual, float low, float high,
                       Result* result, int64_t count) {
  const auto finish = [&](int64_t n, int columns) {
    finish_vector<Isa>(sums + n, bias ? bias + n : nullptr, residual ? residual + n : nullptr, low, high, result + n,
                       columns);
  };
  int64_t n = 0;
  for (; n + Isa::kLanes <= count; n += Isa::kLanes) finish(n, Isa::kLanes);
  if (n < count) finish(n, static_cast<int>(count - n));
}

template <class Isa, class Element>
void finish_rows(const FinishArguments& block) {
  const float infinity = __builtin_inff();
  const bool relu = block.activation == Activation::kRelu || block.activation == Activation::kRelu6;
  const bool clamps = relu || block.activation == Activation::kNone;
  const float low = relu ? 0 : -infinity;
  const float high = block.activation == Activation::kRelu6 ? 6 : infinity;
  for (int64_t r = 0; r < block.rows; ++r) {
    float* sums = block.sums + r * block.sums_stride;
    auto* result = static_cast<Element*>(block.result) + r * block.result_stride;
    const auto* residual = static_cast<const Element*>(block.residual);
    if (residual) residual += r * block.residual_stride;
    if (clamps) {
      finish_row<Isa>(sums, block.bias, residual, low, high, result, block.columns);
      continue;
    }
    finish_row<Isa>(sums, block.bias, residual, low, high, sums, block.columns);
    activate<Isa>(block.activation, sums, block.columns);
    convert_elements<Isa>(sums, result, block.columns);
  }
}

template <class Isa>
void finish(const FinishArguments& block) {
  if (block.dtype == DType::kBFloat16) return finish_rows<Isa, BFloat16>(block);
  finish_rows<Isa, float>(block);
}

}  // namespace hearth
