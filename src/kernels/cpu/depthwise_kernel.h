#pragma once

#include <cstdint>

#include "kernels/cpu/tile_kernel.h"

namespace hearth {

/// kPixels pixels, starting with number `pixel`, of the channels [channel, channel + min(columns, kLanes)).
template <class Isa, int kPixels>
inline void convolve_pixels(const DepthwiseArguments& run, int64_t pixel, int64_t channel, int columns) {
  using Vector = typename Isa::Vector;
  Vector sums[kPixels];
  for (int p = 0; p < kPixels; ++p) sums[p] = Vector{};
  for (int64_t t = 0; t < run.taps; ++t) {
    const Vector weight = load_columns<Isa>(run.weights[t] + channel, columns);
    const float* input = run.inputs[t] + pixel * run.input_step + channel;
#pragma GCC unroll 8
    for (int p = 0; p < kPixels; ++p) {
      sums[p] = Isa::fma(load_columns<Isa>(input + p * run.input_step, columns), weight, sums[p]);
    }
  }
  const Vector bias = run.bias ? load_columns<Isa>(run.bias + channel, columns) : Vector{};
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) {
    Vector sum = sums[p] + bias;
    if (run.residual) sum += load_columns<Isa>(run.residual + (pixel + p) * run.residual_step + channel, columns);
    sum = clamp<Isa>(sum, Isa::broadcast(run.low), Isa::broadcast(run.high));
    store_columns<Isa>(run.output + (pixel + p) * run.output_step + channel, sum, columns);
  }
}

template <class Isa>
void convolve_depthwise(const DepthwiseArguments& run) {
  constexpr int kPixels = 8;
  for (int64_t channel = 0; channel < run.channels; channel += Isa::kLanes) {
    const int64_t left = run.channels - channel;
    const int columns = left < Isa::kLanes ? static_cast<int>(left) : Isa::kLanes;
    int64_t pixel = 0;
    for (; pixel + kPixels <= run.pixels; pixel += kPixels) {
      convolve_pixels<Isa, kPixels>(run, pixel, channel, columns);
    }
    for (; pixel < run.pixels; ++pixel) convolve_pixels<Isa, 1>(run, pixel, channel, columns);
  }
}

}  // namespace hearth
