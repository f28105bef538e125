#pragma once

#include <cstdint>

#include "kernels/cpu/micro_kernels.h"

namespace hearth {

template <class Isa>
inline typename Isa::Vector load_columns(const float* from, int columns) {
  return columns >= Isa::kLanes ? Isa::load(from) : Isa::load_partial(from, columns);
}

template <class Isa>
inline void store_columns(float* to, typename Isa::Vector value, int columns) {
  if (columns >= Isa::kLanes) {
    Isa::store(to, value);
  } else {
    Isa::store_partial(to, value, columns);
  }
}

/// NaN stays NaN.
template <class Isa>
inline typename Isa::Vector clamp(typename Isa::Vector value, typename Isa::Vector low, typename Isa::Vector high) {
  value = value < low ? low : value;
  return value > high ? high : value;
}

/// Adds a run of a · b to the sums. Rows are reached from one pointer in three, with an index register that may be
/// doubled: as many addresses as x86-64 can form without spilling.
template <class Isa, int kRows, int kVectors>
inline void accumulate(const DepthRun& run, int64_t a_stride, int64_t b_stride,
                       typename Isa::Vector (&sums)[kRows][kVectors]) {
  using Vector = typename Isa::Vector;
  constexpr int kPointers = (kRows + 2) / 3;
  const int64_t row_bytes = a_stride * static_cast<int64_t>(sizeof(float));
  const char* rows[kPointers];
  for (int i = 0; i < kPointers; ++i) rows[i] = reinterpret_cast<const char*>(run.a) + 3 * i * row_bytes;
  const float* b = run.b;
  for (int64_t k = 0; k < run.depth; ++k) {
    Vector columns[kVectors];
    for (int j = 0; j < kVectors; ++j) columns[j] = Isa::load(b + j * Isa::kLanes);
    b += b_stride;
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const Vector a = Isa::broadcast(*reinterpret_cast<const float*>(rows[r / 3] + r % 3 * row_bytes));
      for (int j = 0; j < kVectors; ++j) sums[r][j] = Isa::fma(a, columns[j], sums[r][j]);
    }
    for (int i = 0; i < kPointers; ++i) rows[i] += sizeof(float);
  }
}

template <class Isa, int kRows, int kVectors>
void compute_tile(const TileArguments& tile) {
  using Vector = typename Isa::Vector;
  Vector sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    for (int j = 0; j < kVectors; ++j) sums[r][j] = Vector{};
  }
  for (int64_t i = 0; i < tile.run_count; ++i) {
    accumulate<Isa, kRows, kVectors>(tile.runs[i], tile.a_stride, tile.b_stride, sums);
  }

  const Vector alpha = Isa::broadcast(tile.alpha);
  const Vector low = Isa::broadcast(tile.low);
  const Vector high = Isa::broadcast(tile.high);
#pragma GCC unroll 2
  for (int j = 0; j < kVectors; ++j) {
    const int start = j * Isa::kLanes;
    const int columns = tile.columns - start;
    if (columns <= 0) return;
    const Vector bias = tile.bias ? load_columns<Isa>(tile.bias + start, columns) : Vector{};
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      float* c = tile.c + r * tile.c_stride + start;
      Vector sum = sums[r][j];
      if (!tile.first) sum += load_columns<Isa>(c, columns);
      if (tile.last) {
        sum = sum * alpha + bias;
        if (tile.residual) sum += load_columns<Isa>(tile.residual + r * tile.residual_stride + start, columns);
        sum = clamp<Isa>(sum, low, high);
      }
      store_columns<Isa>(c, sum, columns);
    }
  }
}

}  // namespace hearth
