// What follows the exact sums of a convolution of bytes.
#pragma once

#include "bytes.cuh"
#include "convolution_result.cuh"

namespace hearth::gpu {

/// ResultWriter of convolutions of bytes. y and residual: uint8_t or float, as `finish` says.
class ByteResultWriter {
 public:
  __device__ ByteResultWriter(void* y, const float* scales, const float* bias, const void* residual,
                              const ConvolutionResult& result, const ByteFinish& finish)
      : y_(y), scales_(scales), bias_(bias), residual_(residual), result_(result), finish_(finish) {}

  __device__ PixelOffsets offsets(int row) const { return pixel_offsets(result_, row); }

  __device__ void store(const PixelOffsets& pixel, int channel, int32_t sum) const {
    float value = scaled(channel, sum);
    const int64_t added = pixel.residual + channel * result_.residual_strides[1];
    if (residual_) value += finish_.residual_is_bytes ? meaning(bytes(residual_)[added]) : floats(residual_)[added];
    value = activated(result_.activation, value);
    const int64_t at = pixel.y + channel * result_.y_strides[1];
    if (finish_.y_is_bytes) {
      static_cast<uint8_t*>(y_)[at] = rounded(value);
    } else {
      static_cast<float*>(y_)[at] = value;
    }
  }

  __device__ void store_four(const PixelOffsets& pixel, int channel, const int32_t (&sums)[4]) const {
    Four<float> values{};
    if (residual_ && finish_.residual_is_bytes) {
      const auto four = *reinterpret_cast<const Four<uint8_t>*>(bytes(residual_) + pixel.residual + channel);
      for (int i = 0; i < 4; ++i) values.values[i] = meaning(four.values[i]);
    } else if (residual_) {
      values = *reinterpret_cast<const Four<float>*>(floats(residual_) + pixel.residual + channel);
    }
    for (int i = 0; i < 4; ++i) {
      values.values[i] = activated(result_.activation, scaled(channel + i, sums[i]) + values.values[i]);
    }
    const int64_t at = pixel.y + channel;
    if (finish_.y_is_bytes == 0) {
      *reinterpret_cast<Four<float>*>(static_cast<float*>(y_) + at) = values;
      return;
    }
    Four<uint8_t> four;
    for (int i = 0; i < 4; ++i) four.values[i] = rounded(values.values[i]);
    *reinterpret_cast<Four<uint8_t>*>(static_cast<uint8_t*>(y_) + at) = four;
  }

 private:
  static __device__ const uint8_t* bytes(const void* data) { return static_cast<const uint8_t*>(data); }
  static __device__ const float* floats(const void* data) { return static_cast<const float*>(data); }

  __device__ float scaled(int channel, int32_t sum) const {
    const float product = static_cast<float>(sum) * scales_[channel * finish_.scales_stride];
    return bias_ ? product + bias_[channel * result_.bias_stride] : product;
  }
  __device__ float meaning(uint8_t byte) const {
    return value_of_byte(byte, finish_.residual_zero, finish_.residual_scale);
  }
  __device__ uint8_t rounded(float value) const {
    return static_cast<uint8_t>(nearest_byte(value, finish_.y_factor, finish_.y_zero));
  }

  void* y_;
  const float* scales_;
  const float* bias_;
  const void* residual_;
  const ConvolutionResult& result_;
  const ByteFinish& finish_;
};

}  // namespace hearth::gpu
