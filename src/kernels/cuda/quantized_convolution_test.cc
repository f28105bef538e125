#include "base/errors.h"
#include "kernels/cpu/quantized_test_support.h"
#include "kernels/cuda/convolution.h"
#include "kernels/testing/gpu_run.h"

namespace hearth {
namespace {

class GpuQuantizedConvolution : public GpuTest {
 protected:
  Result<Tensor> run_on_gpu(const QuantizedConvolutionCase& c) {
    QuantizedLayer layer = c.layer;
    for (Tensor* tensor : {&layer.weight, &layer.scales, &layer.bias, &layer.residual}) *tensor = run_->on_gpu(*tensor);
    return gpu::quantized_convolution(run_->context(), run_->on_gpu(c.x), layer, c.parameters());
  }

  void check(const QuantizedConvolutionCase& c) {
    TestContext host(1);
    const auto expected = reference::quantized_convolution(host.get(), c.x, c.layer, c.parameters());
    ASSERT_TRUE(expected.ok()) << expected.status().message();
    const auto actual = run_on_gpu(c);
    ASSERT_TRUE(actual.ok()) << actual.status().message();
    const int64_t depth = c.layer.weight.element_count() / c.layer.weight.size(0);
    ASSERT_NO_FATAL_FAILURE(expect_same_numbers(run_->on_host(*actual), *expected, depth));
  }
};

TEST_F(GpuQuantizedConvolution, MatchesTheReferenceOnRandomCases) {
  for (uint32_t seed = 0; seed < 80; ++seed) {
    Draw draw(seed);
    const QuantizedConvolutionCase c = draw_quantized_convolution(draw);
    SCOPED_TRACE(fmt::format("seed {}: x {}, weight {}, stride {}, padding {}, dilation {}, groups {}", seed,
                             describe(c.x), describe(c.layer.weight), fmt::join(c.stride, " "),
                             fmt::join(c.padding, " "), fmt::join(c.dilation, " "), c.groups));
    ASSERT_NO_FATAL_FAILURE(check(c));
  }
}

struct SizedCase {
  const char* name;
  std::vector<int64_t> x, weight;
  int64_t groups = 1;
};

const std::array kCases{
    SizedCase{"a deep one of few pixels", {1, 320, 3, 3}, {20, 320, 3, 3}},
    SizedCase{"wide groups", {1, 64, 6, 6}, {48, 32, 3, 3}, 2},
    SizedCase{"depthwise", {2, 48, 7, 6}, {48, 1, 3, 3}, 48},
    SizedCase{"a large result", {1, 16, 21, 20}, {64, 16, 1, 1}},
    SizedCase{"a large result of many channels", {1, 16, 21, 20}, {132, 16, 1, 1}},
};

TEST_F(GpuQuantizedConvolution, MatchesTheReferenceInEachForm) {
  uint32_t seed = 0;
  for (const SizedCase& sizes : kCases) {
    for (const int32_t zero : {0, 131}) {
      SCOPED_TRACE(fmt::format("{} with {} for 0", sizes.name, zero));
      Draw draw(++seed);
      QuantizedConvolutionCase c;
      c.x = unsigned_bytes(draw.channels_last(sizes.x));
      c.layer.x_zero = zero;
      c.layer.weight = signed_bytes(draw.channels_last(sizes.weight));
      c.layer.scales = draw_scales(draw, sizes.weight[0], sizes.weight[1] * sizes.weight[2] * sizes.weight[3]);
      c.stride = c.dilation = {1};
      c.padding = {sizes.weight[2] / 2};
      c.groups = sizes.groups;
      const std::vector<int64_t> result{sizes.x[0], sizes.weight[0], sizes.x[2], sizes.x[3]};
      draw_epilogue(draw, result, sizes.weight[0], c.layer);
      c.layer.residual = draw.channels_last(result);
      c.layer.residual_affine = {0.0137F, 17};
      if (seed % 4 < 2) c.layer.residual = unsigned_bytes(c.layer.residual);
      ASSERT_NO_FATAL_FAILURE(check(c));
    }
  }
}

TEST_F(GpuQuantizedConvolution, LeavesMemoryOfTheHostToTheHost) {
  Draw draw(1);
  const QuantizedConvolutionCase c = draw_quantized_convolution(draw);
  EXPECT_EQ(gpu::quantized_convolution(run_->context(), c.x, c.layer, c.parameters()).status().code(),
            StatusCode::kUnavailable);
}

TEST_F(GpuQuantizedConvolution, RefusesOperandsThatDoNotFit) {
  Draw draw(1);
  QuantizedConvolutionCase c = draw_quantized_convolution(draw);
  c.layer.x_zero = 256;
  const auto y = run_on_gpu(c);
  ASSERT_FALSE(y.ok());
  EXPECT_EQ(y.status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace hearth
