// Bytes that stand for numbers: (byte - zero) · scale.
#pragma once

#include "activation.cuh"

namespace hearth::gpu {

__device__ inline float value_of_byte(int byte, int zero, float scale) {
  return static_cast<float>(byte - zero) * scale;
}

/// The byte nearest to value · factor, saturated.
__device__ inline float nearest_byte(float value, float factor, float zero) {
  return rintf(clamp(value * factor, -zero, 255.0F - zero)) + zero;
}

}  // namespace hearth::gpu
