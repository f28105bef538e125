// Convolutions whose results are summed one by one: any strides, groups of few channels, and depthwise ones.

#include "convolution_byte_result.cuh"
#include "convolution_parameters.h"
#include "convolution_result.cuh"

namespace {

using namespace hearth::gpu;

/// The input position of a tap in one dimension; -1 where there is none.
__device__ int input_position(const DirectConvolution& c, int dimension, int output, int tap) {
  const ConvolutionWindow& window = c.window;
  const int position = output * window.step[dimension] + window.offset[dimension] + tap * window.tap_step[dimension];
  const int divisor = c.divisor[dimension];
  if (position < 0 || position % divisor != 0 || position / divisor >= window.input[dimension]) return -1;
  return position / divisor;
}

template <typename Number>
__device__ float product_added(float sum, Number x, Number weight, int /*x_zero*/) {
  return fmaf(to_float(x), to_float(weight), sum);
}
__device__ int product_added(int sum, uint8_t x, int8_t weight, int x_zero) { return sum + (x - x_zero) * weight; }

template <typename Number, typename Weight, typename Sum>
__device__ Sum sum_channels(const Number* x, int64_t x_stride, const Weight* weight, int64_t weight_stride, int count,
                            int x_zero, Sum sum) {
  for (int i = 0; i < count; ++i) sum = product_added(sum, x[i * x_stride], weight[i * weight_stride], x_zero);
  return sum;
}

/// Each thread sums one result: neighbours are neighbouring channels where the result is channels-last, else pixels.
template <typename Sum, typename Number, typename Weight, typename Writer>
__device__ void convolve(const Number* x, const Weight* weight, const Writer& writer, const DirectConvolution& c) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= static_cast<int64_t>(c.result.rows) * c.result.channels) return;
  const bool by_channels = c.result.y_strides[1] == 1;
  const int inner = by_channels ? c.result.channels : c.result.rows;
  const int outer_index = static_cast<int>(i / inner);
  const int inner_index = static_cast<int>(i - static_cast<int64_t>(outer_index) * inner);
  const int row = by_channels ? outer_index : inner_index;
  const int channel = by_channels ? inner_index : outer_index;
  const int group = channel / c.group_outputs;
  const Pixel pixel = pixel_of(row, c.result.output);
  const Number* image =
      x + pixel.image * c.x_strides[0] + static_cast<int64_t>(group) * c.group_inputs * c.x_strides[1];
  const Weight* filter = weight + group * c.weight_group_stride + channel % c.group_outputs * c.weight_strides[0];
  Sum sum = 0;
  for (int kd = 0; kd < c.window.kernel[0]; ++kd) {
    const int d = input_position(c, 0, pixel.position[0], kd);
    if (d < 0) continue;
    for (int kh = 0; kh < c.window.kernel[1]; ++kh) {
      const int h = input_position(c, 1, pixel.position[1], kh);
      if (h < 0) continue;
      for (int kw = 0; kw < c.window.kernel[2]; ++kw) {
        const int w = input_position(c, 2, pixel.position[2], kw);
        if (w < 0) continue;
        sum = sum_channels(image + d * c.x_strides[2] + h * c.x_strides[3] + w * c.x_strides[4], c.x_strides[1],
                           filter + kd * c.weight_strides[2] + kh * c.weight_strides[3] + kw * c.weight_strides[4],
                           c.weight_strides[1], c.group_inputs, c.x_zero, sum);
      }
    }
  }
  writer.store(writer.offsets(row), channel, sum);
}

template <typename Number>
struct alignas(kPieceBytes) Piece {
  static constexpr int kCount = kPieceBytes / static_cast<int>(sizeof(Number));
  Number values[kCount];
};

constexpr int kTogether = 3;

/// A piece of pixels that stand for 0.
__device__ Piece<uint8_t> zeros(uint8_t /*of*/, int x_zero) {
  Piece<uint8_t> piece;
  for (uint8_t& value : piece.values) value = static_cast<uint8_t>(x_zero);
  return piece;
}
template <typename Number>
__device__ Piece<Number> zeros(Number /*of*/, int /*x_zero*/) {
  return {};
}

/// Each thread sums a piece of channels of one pixel. x has its channels together and aligned, as the result has them;
/// weight: [kernel..., channels]. What lies outside of the image is added as zeros, so that the loads of kTogether
/// taps need not wait for one another.
template <typename Sum, typename Number, typename Weight, typename Writer>
__device__ void convolve_depthwise(const Number* x, const Weight* weight, const Writer& writer,
                                   const DirectConvolution& c) {
  using Part = Piece<Number>;
  const int parts = c.result.channels / Part::kCount;
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= static_cast<int64_t>(c.result.rows) * parts) return;
  const int row = static_cast<int>(i / parts);
  const int channel = static_cast<int>(i - static_cast<int64_t>(row) * parts) * Part::kCount;
  const Pixel pixel = pixel_of(row, c.result.output);
  const ConvolutionWindow& window = c.window;
  const Part outside = zeros(Number(), c.x_zero);
  Sum sums[Part::kCount]{};
  const Weight* filter = weight + channel;
  for (int kd = 0; kd < window.kernel[0]; ++kd) {
    const int d = pixel.position[0] * window.step[0] + window.offset[0] + kd * window.tap_step[0];
    for (int kh = 0; kh < window.kernel[1]; ++kh) {
      const int h = pixel.position[1] * window.step[1] + window.offset[1] + kh * window.tap_step[1];
      const bool in_row = static_cast<uint32_t>(d) < static_cast<uint32_t>(window.input[0]) &&
                          static_cast<uint32_t>(h) < static_cast<uint32_t>(window.input[1]);
      const Number* image_row = x + pixel.image * c.x_strides[0] + d * c.x_strides[2] + h * c.x_strides[3] + channel;
      for (int first = 0; first < window.kernel[2]; first += kTogether) {
        Part a[kTogether];
        Piece<Weight> b[kTogether];
#pragma unroll
        for (int t = 0; t < kTogether; ++t) {
          const int kw = first + t;
          const int w = pixel.position[2] * window.step[2] + window.offset[2] + kw * window.tap_step[2];
          const bool inside =
              in_row && kw < window.kernel[2] && static_cast<uint32_t>(w) < static_cast<uint32_t>(window.input[2]);
          a[t] = outside;
          if (inside) a[t] = *reinterpret_cast<const Part*>(image_row + w * c.x_strides[4]);
          const int tap = (kd * window.kernel[1] + kh) * window.kernel[2] + min(kw, window.kernel[2] - 1);
          b[t] = *reinterpret_cast<const Piece<Weight>*>(filter + static_cast<int64_t>(tap) * c.result.channels);
        }
#pragma unroll
        for (int t = 0; t < kTogether; ++t) {
#pragma unroll
          for (int n = 0; n < Part::kCount; ++n) {
            sums[n] = product_added(sums[n], a[t].values[n], b[t].values[n], c.x_zero);
          }
        }
      }
    }
  }
  const PixelOffsets offsets = writer.offsets(row);
#pragma unroll
  for (int n = 0; n < Part::kCount; n += 4) {
    writer.store_four(offsets, channel + n, {sums[n], sums[n + 1], sums[n + 2], sums[n + 3]});
  }
}

}  // namespace

#define HEARTH_CONVOLUTION(name, number, function)                                                       \
  extern "C" __global__ void name(number* y, const number* x, const number* weight, const void* bias,    \
                                  const number* residual, const __grid_constant__ DirectConvolution c) { \
    function<float>(x, weight, ResultWriter<number>(y, bias, residual, c.result), c);                    \
  }
#define HEARTH_CONVOLUTION_OF_BYTES(name, function)                                                                  \
  extern "C" __global__ void name(                                                                                   \
      void* y, const uint8_t* x, const int8_t* weight, const float* scales, const float* bias, const void* residual, \
      const __grid_constant__ DirectConvolution c, const __grid_constant__ ByteFinish finish) {                      \
    function<int32_t>(x, weight, ByteResultWriter(y, scales, bias, residual, c.result, finish), c);                  \
  }

HEARTH_CONVOLUTION(direct_bfloat16, __nv_bfloat16, convolve)
HEARTH_CONVOLUTION(direct_float16, __half, convolve)
HEARTH_CONVOLUTION(direct_float32, float, convolve)
HEARTH_CONVOLUTION(depthwise_bfloat16, __nv_bfloat16, convolve_depthwise)
HEARTH_CONVOLUTION(depthwise_float16, __half, convolve_depthwise)
HEARTH_CONVOLUTION(depthwise_float32, float, convolve_depthwise)
HEARTH_CONVOLUTION_OF_BYTES(direct_uint8, convolve)
HEARTH_CONVOLUTION_OF_BYTES(depthwise_uint8, convolve_depthwise)
