#pragma once

#include <cstdint>

#include "kernels/cpu/vector_math.h"

namespace hearth {

/// The sum of the lanes, by halves, so that it costs a few additions.
template <class Isa>
inline float sum_of_lanes(typename Isa::Vector vector) {
  float lanes[Isa::kLanes];
  Isa::store(lanes, vector);
  for (int half = Isa::kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

/// Σ a[i] · b[i].
template <class Isa>
float dot_product(const float* a, const float* b, int64_t count) {
  using Vector = typename Isa::Vector;
  constexpr int kChains = 4;  // Sums in flight: an fma takes about four cycles.
  Vector sums[kChains];
  for (int j = 0; j < kChains; ++j) sums[j] = Vector{};
  int64_t i = 0;
  for (; i + kChains * Isa::kLanes <= count; i += kChains * Isa::kLanes) {
    for (int j = 0; j < kChains; ++j) {
      sums[j] = Isa::fma(Isa::load(a + i + j * Isa::kLanes), Isa::load(b + i + j * Isa::kLanes), sums[j]);
    }
  }
  for (; i < count; i += Isa::kLanes) {
    const int columns = count - i < Isa::kLanes ? static_cast<int>(count - i) : Isa::kLanes;
    sums[0] = Isa::fma(load_columns<Isa>(a + i, columns), load_columns<Isa>(b + i, columns), sums[0]);
  }
  return sum_of_lanes<Isa>((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

/// scores[i] = scores[i] · scale + mask[i] (null: none); returns the largest of them and `maximum`. NaNs count as
/// nothing.
template <class Isa>
float scale_scores(float* scores, const float* mask, float scale, int64_t count, float maximum) {
  using Vector = typename Isa::Vector;
  Vector largest = Isa::broadcast(maximum);
  const auto include = [&](Vector value) { largest = value > largest ? value : largest; };
  int64_t i = 0;
  for (; i + Isa::kLanes <= count; i += Isa::kLanes) {
    Vector value = Isa::load(scores + i) * scale;
    if (mask) value += Isa::load(mask + i);
    Isa::store(scores + i, value);
    include(value);
  }
  float result = maximum;
  for (int lane = 0; lane < Isa::kLanes; ++lane) result = largest[lane] > result ? largest[lane] : result;
  for (; i < count; ++i) {
    scores[i] = scores[i] * scale + (mask ? mask[i] : 0);
    result = scores[i] > result ? scores[i] : result;
  }
  return result;
}

/// scores[i] = cap · tanh(scores[i] · scale / cap).
template <class Isa>
void soft_cap(float* scores, float scale, float cap, int64_t count) {
  const float factor = scale / cap;
  for (int64_t i = 0; i < count; i += Isa::kLanes) {
    const int columns = count - i < Isa::kLanes ? static_cast<int>(count - i) : Isa::kLanes;
    store_columns<Isa>(scores + i, cap * hyperbolic_tangent<Isa>(load_columns<Isa>(scores + i, columns) * factor),
                       columns);
  }
}

/// values[i] = e^(values[i] - maximum) for finite maxima; returns their sum.
template <class Isa>
float exponentiate(float* values, int64_t count, float maximum) {
  using Vector = typename Isa::Vector;
  Vector sum{};
  int64_t i = 0;
  for (; i + Isa::kLanes <= count; i += Isa::kLanes) {
    const Vector value = exponential<Isa>(Isa::load(values + i) - Isa::broadcast(maximum));
    Isa::store(values + i, value);
    sum += value;
  }
  float total = sum_of_lanes<Isa>(sum);
  if (i == count) return total;
  const int left = static_cast<int>(count - i);
  const Vector value = exponential<Isa>(Isa::load_partial(values + i, left) - Isa::broadcast(maximum));
  Isa::store_partial(values + i, value, left);
  for (int j = 0; j < left; ++j) total += values[i + j];
  return total;
}

}  // namespace hearth
