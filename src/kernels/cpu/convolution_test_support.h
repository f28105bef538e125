#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "kernels/convolution_shape.h"
#include "kernels/cpu/kernel_test_support.h"

namespace hearth {

/// A convolution's operands and parameters, which point into it.
struct ConvolutionCase {
  Tensor x, weight, bias, residual;
  std::vector<int64_t> stride, padding, dilation, output_padding;
  bool transposed = false;
  int64_t groups = 1;
  Activation activation = Activation::kNone;

  ConvolutionParameters parameters() const {
    return {stride, padding, dilation, transposed, output_padding, groups, activation};
  }
  Result<Tensor> run(const KernelContext& context) const {
    return convolution(context, x, weight, bias, residual, parameters());
  }
  Result<Tensor> expected(const KernelContext& context) const {
    return reference::convolution(context, x, weight, bias, residual, parameters());
  }
  int64_t depth() const { return weight.element_count() / std::max<int64_t>(weight.size(0), 1); }
  std::string text() const {
    return fmt::format("x {} by {}, weight {} by {}, stride {}, padding {}, dilation {}, transposed {}, groups {}",
                       describe(x), fmt::join(x.strides(), " "), describe(weight), fmt::join(weight.strides(), " "),
                       fmt::join(stride, " "), fmt::join(padding, " "), fmt::join(dilation, " "), transposed, groups);
  }
};

/// Row-major, channels-last, or in any order.
inline Tensor draw_images(Draw& draw, const std::vector<int64_t>& shape) {
  const int64_t layout = draw.from({0, 0, 1, 1, 1, 2});
  if (layout == 0) return draw.tensor(shape);
  return layout == 1 ? draw.channels_last(shape) : draw.any_order(shape);
}

/// A case whose sizes are small, but cross every edge: of tiles, vectors, panels, kernels and padding.
inline ConvolutionCase draw_case(Draw& draw) {
  ConvolutionCase c;
  const auto rank = static_cast<size_t>(draw.from({1, 2, 2, 2, 2, 3}));
  const int64_t side = rank == 3 ? 5 : rank == 2 ? 11 : 40;
  c.transposed = draw.chance(0.15);
  c.groups = draw.from({1, 1, 1, 2, 3});
  int64_t in = draw.from({1, 2, 3, 5, 8, 16, 17, 33}) * c.groups;
  int64_t out = draw.from({1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 40}) * c.groups;
  if (draw.chance(0.2)) out = in = c.groups = draw.from({2, 3, 8, 16, 17, 33, 130});
  std::vector<int64_t> x_shape{draw.from({1, 1, 2, 3}), in};
  std::vector<int64_t> weight_shape = c.transposed ? std::vector{in, out / c.groups} : std::vector{out, in / c.groups};
  for (size_t i = 0; i < rank; ++i) {
    c.stride.push_back(draw.from({1, 1, 2, 3}));
    c.dilation.push_back(draw.from({1, 1, 1, 2}));
    const int64_t kernel = draw.from({1, 1, 2, 3, 3, 4, 7});
    const int64_t window = (kernel - 1) * c.dilation.back() + 1;
    c.padding.push_back(std::min<int64_t>(draw.from({0, 0, 1, 1, 2, 3}), c.transposed ? (window - 1) / 2 : 99));
    c.output_padding.push_back(c.transposed && c.stride.back() > 1 ? draw.from({0, 1}) : 0);
    const int64_t least = c.transposed ? 1 : std::max<int64_t>(window - 2 * c.padding.back(), 1);
    x_shape.push_back(std::max(least, draw.from({1, 2, side / 2, side - 1, side})));
    weight_shape.push_back(kernel);
  }
  if (!c.transposed && draw.chance(0.25)) {
    for (size_t i = 0; i < rank; ++i) c.padding.push_back(c.padding[i] + draw.from({0, 1, 2}));
  }
  c.x = draw_images(draw, x_shape);
  c.weight = draw.perhaps_constant(draw_images(draw, weight_shape));
  c.activation = draw.activation();
  if (draw.chance(0.5)) c.bias = draw.tensor({out});
  return c;
}

/// Gives the case a residual.
inline void draw_residual(Draw& draw, const KernelContext& context, ConvolutionCase& c) {
  const auto shape = convolution_shape(c.x, c.weight, c.bias, Tensor(), c.parameters());
  ASSERT_TRUE(shape.ok()) << shape.status().message();
  const auto like = empty_convolution_result(*context.pool, c.x.dtype(), c.x, c.weight, *shape);
  ASSERT_TRUE(like.ok());
  c.residual = draw_images(draw, {like->shape().begin(), like->shape().end()});
}

/// With all operands in `dtype`.
inline ConvolutionCase in_dtype(ConvolutionCase c, DType dtype) {
  for (Tensor* tensor : {&c.x, &c.weight, &c.bias, &c.residual}) *tensor = in_dtype(*tensor, dtype);
  return c;
}

}  // namespace hearth
