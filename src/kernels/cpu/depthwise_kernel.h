#pragma once

#include <cstdint>

#include "kernels/cpu/tile_kernel.h"

namespace hearth {

/// kPixels pixels from number `pixel` on, by kVectors vectors of channels from `channel` on; the last vector holds
/// `columns` channels, the others are full.
template <class Isa, int kPixels, int kVectors>
inline void convolve_block(const DepthwiseArguments& run, int64_t pixel, int64_t channel, int columns) {
  using Vector = typename Isa::Vector;
  Vector sums[kPixels][kVectors];
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) {
    for (int j = 0; j < kVectors; ++j) sums[p][j] = Vector{};
  }
  const auto width = [columns](int j) { return j == kVectors - 1 ? columns : Isa::kLanes; };
  for (int64_t t = 0; t < run.taps; ++t) {
    const float* input = run.inputs[t] + pixel * run.input_step + channel;
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) {
      const Vector weight = load_columns<Isa>(run.weights[t] + channel + j * Isa::kLanes, width(j));
#pragma GCC unroll 8
      for (int p = 0; p < kPixels; ++p) {
        const float* from = input + p * run.input_step + j * Isa::kLanes;
        sums[p][j] = Isa::fma(load_columns<Isa>(from, width(j)), weight, sums[p][j]);
      }
    }
  }
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) {
    const int64_t start = channel + j * Isa::kLanes;
    const Vector bias = run.bias ? load_columns<Isa>(run.bias + start, width(j)) : Vector{};
#pragma GCC unroll 8
    for (int p = 0; p < kPixels; ++p) {
      Vector sum = sums[p][j] + bias;
      if (run.residual) sum += load_columns<Isa>(run.residual + (pixel + p) * run.residual_step + start, width(j));
      sum = clamp<Isa>(sum, Isa::broadcast(run.low), Isa::broadcast(run.high));
      store_columns<Isa>(run.output + (pixel + p) * run.output_step + start, sum, width(j));
    }
  }
}

/// All channels of kPixels pixels.
template <class Isa, int kPixels, int kVectors>
inline void convolve_pixels(const DepthwiseArguments& run, int64_t pixel) {
  int64_t channel = 0;
  for (; channel + kVectors * Isa::kLanes <= run.channels; channel += kVectors * Isa::kLanes) {
    convolve_block<Isa, kPixels, kVectors>(run, pixel, channel, Isa::kLanes);
  }
  for (; channel < run.channels; channel += Isa::kLanes) {
    const int64_t left = run.channels - channel;
    convolve_block<Isa, kPixels, 1>(run, pixel, channel, left < Isa::kLanes ? static_cast<int>(left) : Isa::kLanes);
  }
}

/// Blocks hold eight sums, which hides the latency of the multiply-adds, and as many pixels as there are, which share
/// the loads of the weights.
template <class Isa>
void convolve_depthwise(const DepthwiseArguments& run) {
  int64_t pixel = 0;
  for (; pixel + 4 <= run.pixels; pixel += 4) convolve_pixels<Isa, 4, 2>(run, pixel);
  for (; pixel + 2 <= run.pixels; pixel += 2) convolve_pixels<Isa, 2, 4>(run, pixel);
  for (; pixel < run.pixels; ++pixel) convolve_pixels<Isa, 1, 8>(run, pixel);
}

}  // namespace hearth
