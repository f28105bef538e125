#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/cpu/result_vector.h"
#include "kernels/cpu/vector_math.h"

namespace hearth {

/// Computes one run. Input and Output are float, BFloat16 or uint8_t.
template <class Isa, class Input, class Output>
class DepthwiseRun {
 public:
  explicit DepthwiseRun(const DepthwiseArguments& run) : run_(run), result_(run.activation, run.output_affine) {}

  /// Blocks hold seven or eight sums, which hides the latency of the multiply-adds, or twice as many where registers
  /// suffice, which halves what is done once a block; and as many pixels as there are, which share the loads of the
  /// weights. Lines of common pictures, 224 pixels and halves of it, are multiples of seven.
  void compute() const {
    if (run_.row_of_three_step == 1) return compute_rows_of_three<1>();
    if (run_.row_of_three_step == 2) return compute_rows_of_three<2>();
    int64_t pixel = 0;
    for (; pixel + 4 <= run_.pixels; pixel += 4) compute_pixels<4, 2, 1>(pixel);
    for (; pixel + 2 <= run_.pixels; pixel += 2) compute_pixels<2, 4, 1>(pixel);
    for (; pixel < run_.pixels; ++pixel) compute_pixels<1, 8, 1>(pixel);
  }

 private:
  using Vector = typename Isa::Vector;
  static constexpr int kVectorsOfSevenPixels = Isa::kTileRows * Isa::kTileVectors < 16 ? 1 : 2;

  template <int kPixels, int kVectors>
  struct Block {
    Vector vectors[kPixels][kVectors];
  };

  /// Two pixels or more whose inputs are kStep columns apart, the last ones of them possibly twice.
  template <int kStep>
  void compute_rows_of_three() const {
    int64_t pixel = 0;
    for (; pixel + 7 <= run_.pixels; pixel += 7) compute_pixels<7, kVectorsOfSevenPixels, 3, kStep>(pixel);
    for (; pixel + 4 <= run_.pixels; pixel += 4) compute_pixels<4, 2, 3, kStep>(pixel);
    if (pixel == run_.pixels) return;
    if (run_.pixels >= 4) return compute_pixels<4, 2, 3, kStep>(run_.pixels - 4);
    compute_pixels<2, 4, 3, kStep>(0);
    if (run_.pixels == 3) compute_pixels<2, 4, 3, kStep>(1);
  }

  /// The channels from `channel` on of kPixels pixels, by kTaps taps at once, which share the loads of the inputs.
  template <int kPixels, int kVectors, int kTaps, int kStep = 1>
  void compute_pixels(int64_t pixel, int64_t channel = 0) const {
    for (; channel + kVectors * Isa::kLanes <= run_.channels; channel += kVectors * Isa::kLanes) {
      compute_block<kPixels, kVectors, kTaps, kStep, true>(pixel, channel, Isa::kLanes);
    }
    if constexpr (kVectors > 1) {
      compute_pixels<kPixels, kVectors / 2, kTaps, kStep>(pixel, channel);
    } else if (channel < run_.channels) {
      compute_block<kPixels, 1, kTaps, kStep, false>(pixel, channel, static_cast<int>(run_.channels - channel));
    }
  }

  /// kPixels pixels from number `pixel` on, by kVectors vectors of channels from `channel` on; unless they are kWhole,
  /// the last vector holds `columns` channels.
  template <int kPixels, int kVectors, int kTaps, int kStep, bool kWhole>
  void compute_block(int64_t pixel, int64_t channel, int columns) const {
    const auto width = [columns](int j) { return kWhole || j < kVectors - 1 ? Isa::kLanes : columns; };
    Block<kPixels, kVectors> block;
    auto& sums = block.vectors;
#pragma GCC unroll 16
    for (int p = 0; p < kPixels; ++p) {
      for (int j = 0; j < kVectors; ++j) sums[p][j] = Vector{};
    }
    const auto* inputs = static_cast<const Input*>(run_.images);
    const int64_t step = kTaps > 1 ? run_.column_step : run_.input_step;
    const int64_t first = run_.input + pixel * run_.input_step + channel;
    constexpr int kLast = (kPixels - 1) * kStep + kTaps - 1;  // Of the inputs of a row.
    const bool first_is_outside = kTaps > 1 && run_.first_is_outside && pixel == 0;
    const bool last_is_outside = kTaps > 1 && run_.last_is_outside && pixel + kPixels == run_.pixels;
    for (int64_t t = 0; t < run_.tap_count; t += kTaps) {
      const Input* input = inputs + (first + run_.taps[t].input);
      const float* weights = run_.weights + run_.taps[t].weights + channel;
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) {
        const int start = j * Isa::kLanes;
        Vector weight[kTaps];
#pragma GCC unroll 16
        for (int l = 0; l < kTaps; ++l) {
          weight[l] = load_columns<Isa>(weights + l * run_.weights_step + start, width(j));
        }
#pragma GCC unroll 32
        for (int i = 0; i <= kLast; ++i) {
          const bool is_outside = (i == 0 && first_is_outside) || (i == kLast && last_is_outside);
          Vector number = is_outside ? Vector{} : load_input(input + i * step + start, width(j));
          if constexpr (kTaps > 1) keep_in_register(number);
#pragma GCC unroll 16
          for (int l = 0; l < kTaps; ++l) {
            const int p = (i - l) / kStep;
            if (i >= l && (i - l) % kStep == 0 && p < kPixels) sums[p][j] = Isa::fma(number, weight[l], sums[p][j]);
          }
        }
      }
    }
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) {
      const int64_t start = channel + j * Isa::kLanes;
      const Vector bias = run_.bias ? load_columns<Isa>(run_.bias + start, width(j)) : Vector{};
#pragma GCC unroll 16
      for (int p = 0; p < kPixels; ++p) sums[p][j] += bias;
    }
    if (run_.residual) {
#pragma GCC unroll 16
      for (int p = 0; p < kPixels; ++p) {
#pragma GCC unroll 16
        for (int j = 0; j < kVectors; ++j) sums[p][j] += residual(pixel + p, channel + j * Isa::kLanes, width(j));
      }
    }
    Output* output = static_cast<Output*>(run_.output) + pixel * run_.output_step + channel;
    if (!result_.is_clamp()) return store_activated<kPixels, kVectors>(block, output, width(kVectors - 1));
    const ResultVector<Isa, Output> result = result_;  // A copy, which the stores can't change.
    const int64_t output_step = run_.output_step;
#pragma GCC unroll 16
    for (int p = 0; p < kPixels; ++p) {
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) {
        result.store(output + p * output_step + j * Isa::kLanes, sums[p][j], width(j));
      }
    }
  }

  /// Takes the sums as a copy, so that they need not lie in memory otherwise.
  template <int kPixels, int kVectors>
  [[gnu::noinline]] void store_activated(Block<kPixels, kVectors> sums, Output* output, int columns) const {
    activate<Isa>(run_.activation, reinterpret_cast<float*>(&sums.vectors), kPixels * kVectors * Isa::kLanes);
    for (int p = 0; p < kPixels; ++p) {
      for (int j = 0; j < kVectors; ++j) {
        result_.store(output + p * run_.output_step + j * Isa::kLanes, sums.vectors[p][j],
                      j < kVectors - 1 ? Isa::kLanes : columns);
      }
    }
  }

  [[gnu::always_inline]] Vector load_input(const Input* from, int columns) const {
    if constexpr (std::is_same_v<Input, uint8_t>) {
      return load_bytes<Isa>(from, run_.input_zero, columns);
    } else {
      return load_columns<Isa>(from, columns);
    }
  }

  [[gnu::always_inline]] Vector residual(int64_t pixel, int64_t channel, int columns) const {
    if constexpr (std::is_same_v<Output, uint8_t>) {
      return Vector{};
    } else {
      return load_columns<Isa>(static_cast<const Output*>(run_.residual) + pixel * run_.residual_step + channel,
                               columns);
    }
  }

  const DepthwiseArguments& run_;
  const ResultVector<Isa, Output> result_;
};

template <class Isa>
void convolve_depthwise(const DepthwiseArguments& run) {
  if (run.input_dtype == DType::kFloat32) return DepthwiseRun<Isa, float, float>(run).compute();
  if (run.input_dtype == DType::kBFloat16) return DepthwiseRun<Isa, BFloat16, BFloat16>(run).compute();
  run.output_dtype == DType::kUInt8 ? DepthwiseRun<Isa, uint8_t, uint8_t>(run).compute()
                                    : DepthwiseRun<Isa, uint8_t, float>(run).compute();
}

}  // namespace hearth
