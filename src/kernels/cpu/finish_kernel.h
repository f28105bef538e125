#pragma once

#include "kernels/cpu/vector_convert.h"
#include "kernels/cpu/vector_math.h"

namespace hearth {

/// One row of a block on its way to the result; Residual and Result are float, BFloat16 or uint8_t.
template <class Isa, class Residual, class Result>
struct FinishedRow {
  using Vector = typename Isa::Vector;
  using Integer = typename Isa::Integer;

  FinishedRow(const FinishArguments& block, float low, float high)
      : block(block), quantizer(block.result_affine, low, high), low(low), high(high) {}

  void start(int64_t r) {
    sums = block.sums + r * block.sums_stride;
    residual = static_cast<const Residual*>(block.residual);
    if (residual) residual += r * block.residual_stride;
    result = static_cast<Result*>(block.result) + r * block.result_stride;
    if (block.integers && block.integers->row_scales) row_scale = block.integers->row_scales[r];
  }

  /// The sums with bias and residual.
  Vector value(int64_t n, int columns) const {
    Vector value = sum(n, columns);
    if (block.bias) value += load_columns<Isa>(block.bias + n, columns);
    if (!residual) return value;
    if constexpr (std::is_same_v<Residual, uint8_t>) {
      return value + load_affine<Isa>(residual + n, block.residual_affine, columns);
    } else {
      return value + load_columns<Isa>(residual + n, columns);
    }
  }

  void store(int64_t n, Vector value, int columns) const {
    if constexpr (std::is_same_v<Result, uint8_t>) {
      store_quantized<Isa>(result + n, value, quantizer, columns);
    } else {
      store_columns<Isa>(result + n, clamp<Isa>(value, Isa::broadcast(low), Isa::broadcast(high)), columns);
    }
  }

  const FinishArguments& block;
  const Quantizer quantizer;
  const float low;
  const float high;
  const float* sums = nullptr;
  const Residual* residual = nullptr;
  Result* result = nullptr;
  float row_scale = 1;

 private:
  Vector sum(int64_t n, int columns) const {
    const Vector value = load_columns<Isa>(sums + n, columns);
    if (!block.integers) return value;
    const auto offset = reinterpret_cast<Integer>(
        load_columns<Isa>(reinterpret_cast<const float*>(block.integers->offsets) + n, columns));
    const Vector scale = load_columns<Isa>(block.integers->scales + n, columns) * row_scale;
    return __builtin_convertvector(reinterpret_cast<Integer>(value) - offset, Vector) * scale;
  }
};

/// Calls `visit(n, columns)` for each vector of `count` elements. `columns` is a constant for whole ones.
template <class Isa, class Visit>
inline void for_each_vector(int64_t count, Visit visit) {
  int64_t n = 0;
  for (; n + Isa::kLanes <= count; n += Isa::kLanes) visit(n, Isa::kLanes);
  if (n < count) visit(n, static_cast<int>(count - n));
}

template <class Isa, class Residual, class Result>
void finish_rows(const FinishArguments& block) {
  const float infinity = __builtin_inff();
  const bool relu = block.activation == Activation::kRelu || block.activation == Activation::kRelu6;
  const bool clamps = relu || block.activation == Activation::kNone;
  FinishedRow<Isa, Residual, Result> row(block, relu ? 0 : -infinity,
                                         block.activation == Activation::kRelu6 ? 6 : infinity);
  for (int64_t r = 0; r < block.rows; ++r) {
    row.start(r);
    if (clamps) {
      for_each_vector<Isa>(block.columns,
                           [&](int64_t n, int columns) { row.store(n, row.value(n, columns), columns); });
      continue;
    }
    float* sums = block.sums + r * block.sums_stride;
    for_each_vector<Isa>(block.columns,
                         [&](int64_t n, int columns) { store_columns<Isa>(sums + n, row.value(n, columns), columns); });
    activate<Isa>(block.activation, sums, block.columns);
    for_each_vector<Isa>(block.columns,
                         [&](int64_t n, int columns) { row.store(n, load_columns<Isa>(sums + n, columns), columns); });
  }
}

template <class Isa>
void finish(const FinishArguments& block) {
  if (block.result_dtype == DType::kBFloat16) return finish_rows<Isa, BFloat16, BFloat16>(block);
  const bool byte_residual = block.residual && block.residual_dtype == DType::kUInt8;
  if (block.result_dtype == DType::kUInt8) {
    return byte_residual ? finish_rows<Isa, uint8_t, uint8_t>(block) : finish_rows<Isa, float, uint8_t>(block);
  }
  byte_residual ? finish_rows<Isa, uint8_t, float>(block) : finish_rows<Isa, float, float>(block);
}

}  // namespace hearth
