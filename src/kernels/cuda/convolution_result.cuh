// What follows a convolution's sums: bias, residual, activation, and one rounding.
#pragma once

#include "activation.cuh"
#include "convolution_parameters.h"
#include "tensor_core.cuh"

namespace hearth::gpu {

/// Where a pixel's channels begin.
struct PixelOffsets {
  int64_t y;
  int64_t residual;
};

struct Pixel {
  int image;
  int position[3];
};

__device__ inline Pixel pixel_of(int row, const int32_t (&sizes)[3]) {
  auto rest = static_cast<uint32_t>(row);  // Its divisions take fewer instructions.
  Pixel pixel{};
  for (int d = 2; d > 0; --d) {
    pixel.position[d] = static_cast<int>(rest % static_cast<uint32_t>(sizes[d]));
    rest /= static_cast<uint32_t>(sizes[d]);
  }
  if (sizes[0] > 1) {
    pixel.position[0] = static_cast<int>(rest % static_cast<uint32_t>(sizes[0]));
    rest /= static_cast<uint32_t>(sizes[0]);
  }
  pixel.image = static_cast<int>(rest);
  return pixel;
}

/// `strides`: of [batch, channels, depth, height, width].
__device__ inline int64_t offset_of(const Pixel& pixel, const int64_t (&strides)[5]) {
  return pixel.image * strides[0] + pixel.position[0] * strides[2] + pixel.position[1] * strides[3] +
         pixel.position[2] * strides[4];
}

__device__ inline PixelOffsets pixel_offsets(const ConvolutionResult& result, int row) {
  const Pixel pixel = pixel_of(row, result.output);
  return {offset_of(pixel, result.y_strides), offset_of(pixel, result.residual_strides)};
}

template <typename Number>
struct alignas(4 * sizeof(Number)) Four {
  Number values[4];
};

/// Stores results; `bias` and `residual` may be null.
template <typename Number>
class ResultWriter {
 public:
  __device__ ResultWriter(Number* y, const void* bias, const Number* residual, const ConvolutionResult& result)
      : y_(y), bias_(bias), residual_(residual), result_(result) {}

  __device__ PixelOffsets offsets(int row) const { return pixel_offsets(result_, row); }

  __device__ void store(const PixelOffsets& pixel, int channel, float sum) const {
    sum += bias(channel);
    if (residual_) sum += to_float(residual_[pixel.residual + channel * result_.residual_strides[1]]);
    y_[pixel.y + channel * result_.y_strides[1]] = from_float<Number>(activated(result_.activation, sum));
  }

  /// Of channel and the three after it, where ConvolutionResult::in_fours says so.
  __device__ void store_four(const PixelOffsets& pixel, int channel, const float (&sums)[4]) const {
    Four<Number> four;
    if (residual_) four = *reinterpret_cast<const Four<Number>*>(residual_ + pixel.residual + channel);
    for (int i = 0; i < 4; ++i) {
      const float added = sums[i] + bias(channel + i) + (residual_ ? to_float(four.values[i]) : 0.0F);
      four.values[i] = from_float<Number>(activated(result_.activation, added));
    }
    *reinterpret_cast<Four<Number>*>(y_ + pixel.y + channel) = four;
  }

 private:
  __device__ float bias(int channel) const {
    if (!bias_) return 0.0F;
    const int64_t at = channel * result_.bias_stride;
    return result_.bias_is_float32 ? static_cast<const float*>(bias_)[at]
                                   : to_float(static_cast<const Number*>(bias_)[at]);
  }

  Number* y_;
  const void* bias_;
  const Number* residual_;
  const ConvolutionResult& result_;
};

}  // namespace hearth::gpu
