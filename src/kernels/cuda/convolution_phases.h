#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/convolution_shape.h"

namespace hearth::gpu {

/// Some of a convolution's outputs in one dimension, which all meet the same taps of the kernel. Output number o of
/// them, at first_output + o · output_step, meets with tap t of them, which is the kernel's first_tap + t · tap_stride,
/// the input position o · step + offset + t · tap_step.
struct AxisPhase {
  int64_t first_output = 0;
  int64_t output_step = 1;
  int64_t outputs = 0;
  int64_t first_tap = 0;
  int64_t tap_stride = 1;
  int64_t taps = 0;
  int64_t step = 1;
  int64_t offset = 0;
  int64_t tap_step = 1;
};
/// Depth, height, width.
using ConvolutionPhase = std::array<AxisPhase, 3>;

/// All outputs and all taps. Transposed, input positions are still to be divided by the stride, and do not count where
/// there is a rest.
ConvolutionPhase whole_convolution(const ConvolutionShape& shape);

/// The phases of which each output is in one: several for a transposed convolution with a stride, which becomes that
/// many ordinary ones. Empty when they would be more than `most`.
std::vector<ConvolutionPhase> convolution_phases(const ConvolutionShape& shape, int64_t most);

}  // namespace hearth::gpu
