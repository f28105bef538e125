#include "kernels/cuda/convolution_phases.h"

#include <algorithm>
#include <numeric>

namespace hearth::gpu {
namespace {

AxisPhase whole_axis(const ConvolutionShape& shape, size_t i) {
  AxisPhase axis{.outputs = shape.output[i], .taps = shape.kernel[i]};
  axis.step = shape.transposed ? 1 : shape.stride[i];
  axis.offset = shape.transposed ? shape.padding[i] : -shape.padding[i];
  axis.tap_step = shape.transposed ? -shape.dilation[i] : shape.dilation[i];
  return axis;
}

/// Of a transposed convolution: the outputs first_output, first_output + stride...
AxisPhase transposed_axis(const ConvolutionShape& shape, size_t i, int64_t first_output) {
  const int64_t stride = shape.stride[i];
  const int64_t dilation = shape.dilation[i];
  AxisPhase axis{.first_output = first_output, .output_step = stride};
  axis.outputs = (shape.output[i] - first_output + stride - 1) / stride;
  axis.tap_stride = stride / std::gcd(stride, dilation);
  const int64_t candidates = std::min(axis.tap_stride, shape.kernel[i]);
  const auto scaled_position = [&] { return first_output + shape.padding[i] - axis.first_tap * dilation; };
  while (axis.first_tap < candidates && scaled_position() % stride != 0) ++axis.first_tap;
  if (axis.first_tap == candidates) return axis;
  axis.taps = (shape.kernel[i] - axis.first_tap + axis.tap_stride - 1) / axis.tap_stride;
  axis.offset = scaled_position() / stride;
  axis.tap_step = -axis.tap_stride * dilation / stride;
  return axis;
}

}  // namespace

ConvolutionPhase whole_convolution(const ConvolutionShape& shape) {
  return {whole_axis(shape, 0), whole_axis(shape, 1), whole_axis(shape, 2)};
}

std::vector<ConvolutionPhase> convolution_phases(const ConvolutionShape& shape, int64_t most) {
  if (!shape.transposed) return {whole_convolution(shape)};
  std::array<int64_t, 3> counts{};
  int64_t count = 1;
  for (size_t i = 0; i < 3; ++i) {
    counts[i] = std::min(shape.stride[i], shape.output[i]);
    if (counts[i] > most / count) return {};
    count *= counts[i];
  }
  std::vector<ConvolutionPhase> phases;
  for (int64_t d = 0; d < counts[0]; ++d) {
    for (int64_t h = 0; h < counts[1]; ++h) {
      for (int64_t w = 0; w < counts[2]; ++w) {
        phases.push_back({transposed_axis(shape, 0, d), transposed_axis(shape, 1, h), transposed_axis(shape, 2, w)});
      }
    }
  }
  return phases;
}

}  // namespace hearth::gpu
