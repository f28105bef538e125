#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/convolution_shape.h"
#include "kernels/cpu/kernel_test_support.h"
#include "kernels/quantized.h"

namespace hearth {

/// `tensor`'s values, in [-1, 1), spread over all that a byte can be; same strides.
template <class Byte>
Tensor in_bytes(const Tensor& tensor, DType dtype) {
  const Tensor bytes = *Tensor::empty_strided(dtype, tensor.shape(), tensor.strides());
  const auto count = static_cast<size_t>(*element_extent(tensor.shape(), tensor.strides()).as<int64_t>());
  for (size_t i = 0; i < count; ++i) {
    const double value = tensor.data_as<float>()[i];
    bytes.data_as<Byte>()[i] = static_cast<Byte>(std::floor((value + 1) * 128) + std::numeric_limits<Byte>::min());
  }
  return bytes;
}

inline Tensor unsigned_bytes(const Tensor& tensor) { return in_bytes<uint8_t>(tensor, DType::kUInt8); }
inline Tensor signed_bytes(const Tensor& tensor) { return in_bytes<int8_t>(tensor, DType::kInt8); }

/// Positive numbers that bring sums of `depth` products of bytes to about 1.
inline Tensor draw_scales(Draw& draw, int64_t columns, int64_t depth) {
  const Tensor scales = draw.tensor({columns});
  const double typical = 1 / (127 * 127 * std::sqrt(static_cast<double>(depth) + 1));
  for (int64_t i = 0; i < columns; ++i) {
    float& scale = scales.data_as<float>()[i * scales.stride(0)];
    scale = static_cast<float>((std::abs(scale) + 0.1) * typical);
  }
  return scales;
}

/// Gives a layer with a result of these sizes what follows its sums.
inline void draw_epilogue(Draw& draw, const std::vector<int64_t>& result, int64_t columns, QuantizedLayer& layer) {
  layer.activation = draw.activation();
  if (draw.chance(0.5)) layer.bias = draw.tensor({columns});
  if (draw.chance(0.4)) {
    layer.residual = draw.any_order(result);
    layer.residual_affine = {0.0137F, static_cast<int32_t>(draw.from({0, 17, 128, 255}))};
    if (draw.chance(0.5)) layer.residual = unsigned_bytes(layer.residual);
  }
  if (draw.chance(0.5)) layer.y_affine = Affine{0.02F, static_cast<int32_t>(draw.from({0, 3, 128, 255}))};
}

/// Bytes may differ by one where a sum lies between two of them.
inline void expect_same_numbers(const Tensor& actual, const Tensor& expected, int64_t depth) {
  ASSERT_EQ(actual.dtype(), expected.dtype());
  if (actual.dtype() == DType::kFloat32) return expect_close(actual, expected, depth);
  ASSERT_TRUE(std::ranges::equal(actual.strides(), expected.strides()));
  int64_t different = 0;
  const int64_t extent = *element_extent(actual.shape(), actual.strides()).as<int64_t>();
  for (int64_t i = 0; i < extent; ++i) {
    const int difference = actual.data_as<uint8_t>()[i] - expected.data_as<uint8_t>()[i];
    ASSERT_LE(std::abs(difference), 1) << "at " << i;
    different += std::abs(difference);
  }
  EXPECT_LE(different, 1 + extent / 100);
}

/// A convolution of bytes; its parameters point into it.
struct QuantizedConvolutionCase {
  Tensor x;
  QuantizedLayer layer;
  std::vector<int64_t> stride, padding, dilation;
  int64_t groups = 1;
  bool channels_last_result = false;

  ConvolutionParameters parameters() const {
    return {.stride = stride,
            .padding = padding,
            .dilation = dilation,
            .groups = groups,
            .channels_last_result = channels_last_result};
  }
};

/// A case whose sizes are small, but cross the edges of groups, windows and padding.
inline QuantizedConvolutionCase draw_quantized_convolution(Draw& draw) {
  QuantizedConvolutionCase c;
  const auto rank = static_cast<size_t>(draw.from({1, 2, 2, 2, 2, 3}));
  const int64_t side = rank == 3 ? 5 : rank == 2 ? 11 : 40;
  c.groups = draw.from({1, 1, 1, 2, 3});
  c.channels_last_result = draw.chance(0.5);
  int64_t in = draw.from({1, 2, 3, 4, 8, 16, 17, 64}) * c.groups;
  int64_t out = draw.from({1, 3, 8, 15, 16, 17, 33, 40}) * c.groups;
  if (draw.chance(0.2)) out = in = c.groups = draw.from({2, 8, 17, 33});
  std::vector<int64_t> x_shape{draw.from({1, 1, 2, 3}), in};
  std::vector<int64_t> weight_shape{out, in / c.groups};
  for (size_t i = 0; i < rank; ++i) {
    c.stride.push_back(draw.from({1, 1, 2, 3}));
    c.dilation.push_back(draw.from({1, 1, 1, 2}));
    c.padding.push_back(draw.from({0, 0, 1, 1, 2, 3}));
    const int64_t kernel = draw.from({1, 1, 2, 3, 3, 7});
    const int64_t least = std::max<int64_t>((kernel - 1) * c.dilation.back() + 1 - 2 * c.padding.back(), 1);
    x_shape.push_back(std::max(least, draw.from({1, 2, side / 2, side - 1, side})));
    weight_shape.push_back(kernel);
  }
  if (draw.chance(0.25)) {
    for (size_t i = 0; i < rank; ++i) c.padding.push_back(c.padding[i] + draw.from({0, 1, 2}));
  }
  const Tensor images = draw.chance(0.6) ? draw.channels_last(x_shape) : draw.any_order(x_shape);
  c.x = unsigned_bytes(images);
  c.layer.x_zero = static_cast<int32_t>(draw.from({0, 0, 1, 128, 255}));
  c.layer.weight = draw.perhaps_constant(signed_bytes(draw.any_order(weight_shape)));
  c.layer.scales = draw_scales(draw, out, c.layer.weight.element_count() / out);
  const auto shape = convolution_shape(c.x, c.layer.weight, c.parameters());
  draw_epilogue(draw, shape->result_sizes(), out, c.layer);
  return c;
}

}  // namespace hearth
