#include <limits>

#include "base/errors.h"
#include "kernels/cpu/quantized_test_support.h"
#include "kernels/quantized_operands.h"

namespace hearth {
namespace {

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

void expect_reference_convolutions(const KernelContext& context, uint32_t first_seed) {
  for (uint32_t seed = first_seed; seed < first_seed + 300; ++seed) {
    Draw draw(seed);
    const QuantizedConvolutionCase c = draw_quantized_convolution(draw);
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
      const QuantizedConvolutionCase c = draw_quantized_convolution(draw);
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
