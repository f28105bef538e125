#include "kernels/cuda/convolution.h"

#include <array>

#include "base/errors.h"
#include "kernels/cpu/convolution_test_support.h"
#include "kernels/testing/gpu_run.h"

namespace hearth {
namespace {

/// Memory of a GPU that says it is constant.
class ConstantOnGpu final : public Storage {
 public:
  explicit ConstantOnGpu(const StorageRef& memory)
      : Storage(memory->data(), memory->size(), /*constant=*/true, memory->memory()), memory_(memory) {}

 private:
  void dispose() override { delete this; }

  StorageRef memory_;
};

class GpuConvolution : public GpuTest {
 protected:
  /// The tensor on the GPU, constant there when it was, until the test ends: packed forms are found by address.
  Tensor on_gpu(const Tensor& tensor) {
    Tensor copy = run_->on_gpu(tensor);
    if (!tensor.defined() || !tensor.storage()->is_constant()) return copy;
    constants_.emplace_back(new ConstantOnGpu(copy.storage()));
    return *Tensor::view(constants_.back(), copy.dtype(), copy.shape(), copy.strides(), copy.offset());
  }

  ConvolutionCase on_gpu(ConvolutionCase c) {
    for (Tensor* tensor : {&c.x, &c.weight, &c.bias, &c.residual}) *tensor = on_gpu(*tensor);
    return c;
  }

  Result<Tensor> run_on_gpu(const ConvolutionCase& c) {
    return gpu::convolution(run_->context(), c.x, c.weight, c.bias, c.residual, c.parameters());
  }

  /// Compares with the reference in float32, twice where a packed weight is used again.
  void check(const ConvolutionCase& c) {
    const int times = c.weight.storage()->is_constant() ? 2 : 1;
    const DType dtype = c.x.dtype();
    const double rounding = dtype == DType::kBFloat16 ? 0x1p-8 : dtype == DType::kFloat16 ? 0x1p-11 : 0;
    TestContext host(1);
    const auto expected = in_dtype(c, DType::kFloat32).expected(host.get());
    ASSERT_TRUE(expected.ok()) << expected.status().message();
    const ConvolutionCase given = on_gpu(c);
    for (int i = 0; i < times; ++i) {
      const auto y = run_on_gpu(given);
      ASSERT_TRUE(y.ok()) << y.status().message();
      ASSERT_EQ(y->dtype(), dtype);
      ASSERT_NO_FATAL_FAILURE(
          expect_close(in_dtype(run_->on_host(*y), DType::kFloat32), *expected, c.depth(), rounding));
    }
  }

  std::vector<StorageRef> constants_;
};

constexpr std::array kDTypes{DType::kFloat32, DType::kBFloat16, DType::kFloat16};

enum class Layout { kRowMajor, kChannelsLast };

struct NamedCase {
  const char* name;
  std::vector<int64_t> x, weight, stride, padding, dilation;
  Layout layout = Layout::kChannelsLast;
  int64_t groups = 1;
  bool transposed = false;
  std::vector<int64_t> output_padding{};
};

const Layout kRows = Layout::kRowMajor;
const Layout kLast = Layout::kChannelsLast;

const std::array kCases{
    NamedCase{"pointwise", {2, 24, 5, 5}, {40, 24, 1, 1}, {1}, {0}, {1}},
    NamedCase{"pointwise, row-major", {2, 24, 5, 5}, {40, 24, 1, 1}, {1}, {0}, {1}, kRows},
    NamedCase{"pointwise with a stride", {1, 16, 7, 7}, {20, 16, 1, 1}, {2}, {0}, {1}},
    NamedCase{"3x3", {1, 16, 9, 9}, {24, 16, 3, 3}, {1}, {1}, {1}},
    NamedCase{"3x3 with a stride", {1, 72, 9, 8}, {70, 72, 3, 3}, {2}, {1}, {1}},
    NamedCase{"7x7 of three channels", {1, 3, 20, 20}, {16, 3, 7, 7}, {2}, {3}, {1}, kRows},
    NamedCase{"dilated", {1, 8, 11, 12}, {8, 8, 3, 3}, {1}, {2, 4}, {2, 3}},
    NamedCase{"more padding behind", {1, 8, 6, 6}, {8, 8, 2, 2}, {1}, {0, 0, 1, 1}, {1}},
    NamedCase{"1 channel", {2, 1, 9, 9}, {4, 1, 3, 3}, {1}, {1}, {1}},
    NamedCase{"7 channels", {1, 7, 6, 6}, {7, 7, 3, 3}, {1}, {1}, {1}},
    NamedCase{"17 channels", {1, 17, 6, 6}, {17, 17, 3, 3}, {1}, {1}, {1}, kRows},
    NamedCase{"wide groups", {1, 32, 6, 6}, {48, 16, 3, 3}, {1}, {1}, {1}, kLast, 2},
    NamedCase{"wide groups, row-major", {1, 32, 6, 6}, {34, 16, 3, 3}, {1}, {1}, {1}, kRows, 2},
    NamedCase{"narrow groups", {1, 12, 6, 6}, {18, 4, 3, 3}, {1}, {1}, {1}, kLast, 3},
    NamedCase{"depthwise", {2, 24, 7, 6}, {24, 1, 3, 3}, {1}, {1}, {1}, kLast, 24},
    NamedCase{"depthwise with a stride", {1, 16, 9, 9}, {16, 1, 5, 5}, {2}, {2}, {1}, kLast, 16},
    NamedCase{"depthwise, row-major", {1, 16, 6, 6}, {16, 1, 3, 3}, {1}, {1}, {1}, kRows, 16},
    NamedCase{"depthwise of odd channels", {1, 13, 6, 6}, {13, 1, 3, 3}, {1}, {1}, {1}, kLast, 13},
    NamedCase{"depthwise with a multiplier", {1, 8, 6, 6}, {16, 1, 3, 3}, {1}, {1}, {1}, kLast, 8},
    NamedCase{"1-d", {2, 10, 40}, {12, 10, 3}, {2}, {1}, {1}, kRows},
    NamedCase{"3-d", {1, 8, 4, 5, 6}, {9, 8, 3, 2, 3}, {1, 2, 1}, {1, 0, 1}, {1}},
    NamedCase{"depthwise in 3-d", {1, 8, 3, 4, 5}, {8, 1, 3, 3, 3}, {1}, {1}, {1}, kLast, 8},
    NamedCase{"transposed", {1, 8, 5, 5}, {8, 12, 3, 3}, {1}, {1}, {1}, kLast, 1, true},
    NamedCase{"transposed with a stride", {2, 8, 4, 5}, {8, 6, 4, 3}, {2}, {1}, {1}, kRows, 1, true, {1, 0}},
    NamedCase{"transposed, dilated", {1, 8, 5, 5}, {8, 8, 3, 3}, {4, 3}, {2}, {2}, kLast, 1, true},
    NamedCase{"transposed beyond its kernel", {1, 8, 3, 3}, {8, 8, 1, 2}, {3}, {0}, {1}, kLast, 1, true},
    NamedCase{"transposed by groups", {1, 8, 4, 4}, {8, 3, 3, 3}, {2}, {1}, {1}, kLast, 2, true},
    NamedCase{"a deep one of few pixels", {1, 160, 3, 3}, {20, 160, 3, 3}, {1}, {1}, {1}},
    NamedCase{"a deep one by groups", {1, 320, 3, 3}, {36, 160, 3, 3}, {1}, {1}, {1}, kLast, 2},
};

// Every other case has constant weights, a residual, a bias of float32; activations take turns.
ConvolutionCase drawn(const NamedCase& named, uint32_t seed) {
  Draw draw(seed);
  ConvolutionCase c;
  c.x = named.layout == Layout::kChannelsLast ? draw.channels_last(named.x) : draw.tensor(named.x);
  c.weight = draw.perhaps_constant(draw.tensor(named.weight));
  c.stride = named.stride;
  c.padding = named.padding;
  c.dilation = named.dilation;
  c.output_padding = named.output_padding;
  c.groups = named.groups;
  c.transposed = named.transposed;
  c.activation = static_cast<Activation>(seed % 7);
  if (draw.chance(0.7)) c.bias = draw.tensor({named.transposed ? named.weight[1] * named.groups : named.weight[0]});
  return c;
}

TEST_F(GpuConvolution, MatchesTheReference) {
  TestContext host(1);
  uint32_t seed = 0;
  for (const NamedCase& named : kCases) {
    for (const DType dtype : kDTypes) {
      SCOPED_TRACE(fmt::format("{} of {}, seed {}", named.name, dtype_name(dtype), seed));
      ConvolutionCase c = drawn(named, seed);
      Draw draw(seed + 1000);
      if (draw.chance(0.5)) {
        ASSERT_NO_FATAL_FAILURE(draw_residual(draw, host.get(), c));
      }
      const bool wide_bias = draw.chance(0.5);
      const Tensor bias = c.bias;
      c = in_dtype(c, dtype);
      if (wide_bias) c.bias = bias;
      ASSERT_NO_FATAL_FAILURE(check(c));
      ++seed;
    }
  }
}

TEST_F(GpuConvolution, MatchesTheReferenceOnRandomCases) {
  TestContext host(1);
  for (uint32_t seed = 0; seed < 60; ++seed) {
    Draw draw(seed);
    ConvolutionCase c = draw_case(draw);
    if (draw.chance(0.3)) {
      ASSERT_NO_FATAL_FAILURE(draw_residual(draw, host.get(), c));
    }
    SCOPED_TRACE(fmt::format("seed {}, {}: {}", seed, dtype_name(kDTypes[seed % 3]), c.text()));
    ASSERT_NO_FATAL_FAILURE(check(in_dtype(c, kDTypes[seed % 3])));
  }
}

// The emulated GPU has four processors: these sizes give each a block of the larger tiles.
TEST_F(GpuConvolution, ComputesLargeResultsInLargerTiles) {
  for (const int64_t channels : {64, 132}) {
    for (const DType dtype : kDTypes) {
      SCOPED_TRACE(fmt::format("{} channels of {}", channels, dtype_name(dtype)));
      ConvolutionCase c = drawn({"", {1, 16, 21, 20}, {channels, 16, 1, 1}, {1}, {0}, {1}}, 3);
      ASSERT_NO_FATAL_FAILURE(check(in_dtype(c, dtype)));
    }
  }
}

TEST_F(GpuConvolution, GivesChannelsLastResultsWhenAskedTo) {
  ConvolutionCase c = on_gpu(drawn({"", {1, 8, 4, 4}, {8, 8, 3, 3}, {1}, {1}, {1}, kRows}, 1));
  ConvolutionParameters parameters = c.parameters();
  parameters.channels_last_result = true;
  const auto y = gpu::convolution(run_->context(), c.x, c.weight, c.bias, Tensor(), parameters);
  ASSERT_TRUE(y.ok()) << y.status().message();
  EXPECT_EQ(y->stride(1), 1);
}

TEST_F(GpuConvolution, AnswersAnEmptyBatchWithAnEmptyResult) {
  const auto y = run_on_gpu(on_gpu(drawn({"", {0, 3, 8, 8}, {4, 3, 3, 3}, {1}, {0}, {1}}, 9)));
  ASSERT_TRUE(y.ok()) << y.status().message();
  EXPECT_TRUE(std::ranges::equal(y->shape(), std::array<int64_t, 4>{0, 4, 6, 6}));
}

TEST_F(GpuConvolution, PacksAConstantWeightOnce) {
  ConvolutionCase c = drawn({"", {1, 8, 4, 4}, {8, 8, 3, 3}, {1}, {1}, {1}}, 1);
  c.weight = *Tensor::view(ConstantStorage::copy_of(c.weight), DType::kFloat32, c.weight.shape(), c.weight.strides(),
                           c.weight.offset());
  c = on_gpu(c);
  ASSERT_TRUE(run_on_gpu(c).ok());
  const size_t bytes = run_->context().packed->byte_count();
  EXPECT_GT(bytes, 0U);
  ASSERT_TRUE(run_on_gpu(c).ok());
  EXPECT_EQ(run_->context().packed->byte_count(), bytes);
}

TEST_F(GpuConvolution, LeavesOtherDtypesAndMemoryOfTheHostToTheHost) {
  const ConvolutionCase c = drawn({"", {1, 8, 4, 4}, {8, 8, 3, 3}, {1}, {1}, {1}}, 1);
  ConvolutionCase on_host = on_gpu(c);
  on_host.weight = c.weight;
  EXPECT_EQ(run_on_gpu(on_host).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(run_on_gpu(on_gpu(in_dtype(c, DType::kFloat64))).status().code(), StatusCode::kUnavailable);
}

TEST_F(GpuConvolution, RefusesOperandsThatDoNotFit) {
  ConvolutionCase c = drawn({"", {1, 8, 4, 4}, {8, 7, 3, 3}, {1}, {1}, {1}}, 1);
  const auto y = run_on_gpu(on_gpu(c));
  ASSERT_FALSE(y.ok());
  EXPECT_EQ(y.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(y.status().message().find("weight is"), std::string::npos) << y.status().message();
}

}  // namespace
}  // namespace hearth
