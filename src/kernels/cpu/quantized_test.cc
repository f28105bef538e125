#include "kernels/quantized.h"

#include <limits>

#include "base/errors.h"
#include "kernels/convolution_shape.h"
#include "kernels/cpu/kernel_test_support.h"
#include "kernels/quantized_operands.h"

namespace hearth {
namespace {

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

Tensor unsigned_bytes(const Tensor& tensor) { return in_bytes<uint8_t>(tensor, DType::kUInt8); }
Tensor signed_bytes(const Tensor& tensor) { return in_bytes<int8_t>(tensor, DType::kInt8); }

/// Positive numbers that bring sums of `depth` products of bytes to about 1.
Tensor draw_scales(Draw& draw, int64_t columns, int64_t depth) {
  const Tensor scales = draw.tensor({columns});
  const double typical = 1 / (127 * 127 * std::sqrt(static_cast<double>(depth) + 1));
  for (int64_t i = 0; i < columns; ++i) {
    float& scale = scales.data_as<float>()[i * scales.stride(0)];
    scale = static_cast<float>((std::abs(scale) + 0.1) * typical);
  }
  return scales;
}

void draw_epilogue(Draw& draw, const std::vector<int64_t>& result, int64_t columns, QuantizedLayer& layer) {
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
void expect_same_numbers(const Tensor& actual, const Tensor& expected, int64_t depth) {
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

struct LinearCase {
  Tensor x;
  QuantizedLayer layer;
};

LinearCase draw_linear(Draw& draw) {
  LinearCase c;
  const auto size = [&] { return draw.from({1, 1, 2, 3, 5, 8, 14, 16, 17, 31, 33, 48, 64, 65, 100}); };
  const int64_t rows = size();
  const int64_t columns = size();
  const int64_t depth = draw.from({0, 1, 2, 3, 4, 5, 16, 17, 63, 64, 65, 257, 1025});
  c.x = draw.chance(0.7) ? draw.tensor({2, rows, depth}) : draw.any_order({2, rows, depth});
  if (draw.chance(0.4)) {
    c.x = unsigned_bytes(c.x);
    c.layer.x_zero = static_cast<int32_t>(draw.from({0, 1, 128, 255}));
  }
  c.layer.weight = draw.perhaps_constant(signed_bytes(draw.any_order({columns, depth})));
  c.layer.scales = draw_scales(draw, columns, depth);
  if (c.x.dtype() == DType::kFloat32) {
    for (int64_t i = 0; i < columns; ++i) c.layer.scales.data_as<float>()[i * c.layer.scales.stride(0)] *= 127;
  }
  draw_epilogue(draw, {2, rows, columns}, columns, c.layer);
  return c;
}

TEST(QuantizedLinear, MatchesTheReferenceOnRandomCases) {
  for_each_path([](const KernelContext& context, uint32_t first_seed) {
    for (uint32_t seed = first_seed; seed < first_seed + 300; ++seed) {
      Draw draw(seed);
      const LinearCase c = draw_linear(draw);
      SCOPED_TRACE(fmt::format("seed {}: x {}, weight {}", seed, describe(c.x), describe(c.layer.weight)));
      const auto expected = reference::quantized_linear(context, c.x, c.layer);
      ASSERT_TRUE(expected.ok()) << expected.status().message();
      const auto actual = quantized_linear(context, c.x, c.layer);
      ASSERT_TRUE(actual.ok()) << actual.status().message();
      ASSERT_NO_FATAL_FAILURE(expect_same_numbers(*actual, *expected, c.layer.weight.size(1)));
    }
  });
}

struct ConvolutionCase {
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

ConvolutionCase draw_convolution(Draw& draw) {
  ConvolutionCase c;
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

void expect_reference_convolutions(const KernelContext& context, uint32_t first_seed) {
  for (uint32_t seed = first_seed; seed < first_seed + 300; ++seed) {
    Draw draw(seed);
    const ConvolutionCase c = draw_convolution(draw);
    SCOPED_TRACE(fmt::format("seed {}: x {}, weight {}, stride {}, padding {}, dilation {}, groups {}", seed,
                             describe(c.x), describe(c.layer.weight), fmt::join(c.stride, " "),
                             fmt::join(c.padding, " "), fmt::join(c.dilation, " "), c.groups));
    const auto expected = reference::quantized_convolution(context, c.x, c.layer, c.parameters());
    ASSERT_TRUE(expected.ok()) << expected.status().message();
    const auto actual = quantized_convolution(context, c.x, c.layer, c.parameters());
    ASSERT_TRUE(actual.ok()) << actual.status().message();
    const int64_t depth = c.layer.weight.element_count() / c.layer.weight.size(0);
    ASSERT_NO_FATAL_FAILURE(expect_same_numbers(*actual, *expected, depth));
  }
}

TEST(QuantizedConvolution, MatchesTheReferenceOnRandomCases) { for_each_path(expect_reference_convolutions); }

/// Kernels that want depths in steps get lines joined; those of this machine may all want single ones.
TEST(QuantizedConvolution, MatchesTheReferenceWithJoinedLines) {
  for_each_path([](const KernelContext& context, uint32_t first_seed) {
    TileKernels stepping = *micro_kernels().int8;
    if (stepping.depth_step == 1) stepping.depth_step = 2;
    MicroKernels kernels = micro_kernels();
    kernels.int8 = &stepping;
    const ScopedMicroKernels scope(kernels);
    expect_reference_convolutions(context, first_seed);
  });
}

TEST(QuantizedLinear, SumsTheLargestProductsExactly) {
  constexpr int64_t kDepth = 4096;
  for_each_path([](const KernelContext& context, uint32_t) {
    const Tensor x = *Tensor::empty(DType::kUInt8, std::array<int64_t, 2>{40, kDepth});
    std::fill_n(x.data_as<uint8_t>(), x.element_count(), 255);
    QuantizedLayer layer;
    layer.weight = *Tensor::empty(DType::kInt8, std::array<int64_t, 2>{40, kDepth});
    std::fill_n(layer.weight.data_as<int8_t>(), layer.weight.element_count(), -128);
    layer.scales = *Tensor::empty(DType::kFloat32, std::array<int64_t, 1>{40});
    std::fill_n(layer.scales.data_as<float>(), 40, 1.0F);
    const auto y = quantized_linear(context, x, layer);
    ASSERT_TRUE(y.ok());
    for (const float value : elements(*y)) ASSERT_EQ(value, -255.0F * 128 * kDepth);
  });
}

TEST(QuantizedLinear, QuantisesRowsOfZerosToZeros) {
  for_each_path([](const KernelContext& context, uint32_t) {
    const Tensor x = *Tensor::empty(DType::kFloat32, std::array<int64_t, 2>{3, 20});
    std::fill_n(x.data_as<float>(), x.element_count(), 0.0F);
    Draw draw(1);
    QuantizedLayer layer;
    layer.weight = signed_bytes(draw.tensor({5, 20}));
    layer.scales = draw_scales(draw, 5, 20);
    const auto y = quantized_linear(context, x, layer);
    ASSERT_TRUE(y.ok());
    for (const float value : elements(*y)) ASSERT_EQ(value, 0);
  });
}

TEST(QuantizedLayers, NameTheOperandThatDoesNotFit) {
  TestContext context(1);
  Draw draw(1);
  QuantizedLayer good;
  good.weight = signed_bytes(draw.tensor({6, 4}, {0, 1}));
  good.scales = *Tensor::empty(DType::kFloat32, std::array<int64_t, 1>{6});
  const Tensor x = *Tensor::empty(DType::kFloat32, std::array<int64_t, 2>{2, 4});
  struct Case {
    void (*spoil)(QuantizedLayer&);
    const char* word;
  };
  const Case cases[] = {
      {[](QuantizedLayer& layer) { layer.weight = Tensor(); }, "weight"},
      {[](QuantizedLayer& layer) { layer.weight = layer.scales; }, "weight"},
      {[](QuantizedLayer& layer) { layer.scales = layer.weight; }, "scales"},
      {[](QuantizedLayer& layer) { layer.bias = *Tensor::empty(DType::kFloat32, std::array<int64_t, 1>{5}); }, "bias"},
      {[](QuantizedLayer& layer) { layer.residual = layer.scales; }, "residual"},
      {[](QuantizedLayer& layer) { layer.x_zero = 256; }, "zero point of x"},
      {[](QuantizedLayer& layer) { layer.y_affine = Affine{0, 0}; }, "scale of the result"},
      {[](QuantizedLayer& layer) { layer.y_affine = Affine{std::nanf(""), 0}; }, "scale of the result"},
      {[](QuantizedLayer& layer) { layer.y_affine = Affine{1, -1}; }, "zero point of the result"},
  };
  ASSERT_TRUE(quantized_linear(context.get(), x, good).ok());
  for (const Case& c : cases) {
    QuantizedLayer layer = good;
    c.spoil(layer);
    const auto y = quantized_linear(context.get(), x, layer);
    ASSERT_FALSE(y.ok()) << c.word;
    EXPECT_EQ(y.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(y.status().message().find(c.word), std::string::npos) << y.status().message();
  }
}

TEST(QuantizedLayers, GiveTheSameBitsWhateverTheTeam) {
  for (const MicroKernels& kernels : available_micro_kernels()) {
    const ScopedMicroKernels scope(kernels);
    TestContext one(1), three(3);
    for (uint32_t seed = 0; seed < 60; ++seed) {
      Draw draw(seed);
      const ConvolutionCase c = draw_convolution(draw);
      SCOPED_TRACE(fmt::format("{}, seed {}", kernels.name, seed));
      const auto alone = quantized_convolution(one.get(), c.x, c.layer, c.parameters());
      const auto shared = quantized_convolution(three.get(), c.x, c.layer, c.parameters());
      ASSERT_TRUE(alone.ok() && shared.ok());
      const size_t bytes = alone->byte_count();
      ASSERT_EQ(std::memcmp(alone->data(), shared->data(), bytes), 0);
    }
  }
}

}  // namespace
}  // namespace hearth
