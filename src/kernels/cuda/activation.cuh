// Activations, as kernels/activation.h defines them.
#pragma once

#include <cmath>

namespace hearth::gpu {

/// In the order of hearth::Activation.
enum Activation : int { kNone, kRelu, kRelu6, kSilu, kGelu, kGeluTanh, kHardswish };

/// NaN stays NaN.
__device__ inline float clamp(float value, float low, float high) {
  return value < low ? low : value > high ? high : value;
}

__device__ inline float activated(int activation, float value) {
  switch (activation) {
    case kRelu:
      return value < 0.0F ? 0.0F : value;
    case kRelu6:
      return clamp(value, 0.0F, 6.0F);
    case kSilu:
      return value / (1.0F + expf(-value));
    case kGelu:
      return 0.5F * value * (1.0F + erff(value * 0.70710678F));
    case kGeluTanh:
      return 0.5F * value * (1.0F + tanhf(0.79788456F * (value + 0.044715F * value * value * value)));
    case kHardswish:
      return value * clamp(value + 3.0F, 0.0F, 6.0F) / 6.0F;
    default:
      return value;
  }
}

}  // namespace hearth::gpu
