#include "kernels/cuda/sorting.h"

#include <limits>

#include "kernels/cuda/radix_sort.h"
#include "kernels/tensor_literals.h"
#include "kernels/testing/gpu_run.h"
#include "kernels/visit.h"

namespace hearth {
namespace {

class GpuSorting : public GpuTest {
 protected:
  void expect_lines(const Result<SortedLines>& actual, const Result<SortedLines>& expected) {
    ASSERT_TRUE(expected.ok()) << expected.status().message();
    ASSERT_TRUE(actual.ok()) << actual.status().message();
    EXPECT_EQ(strides_of(actual->first), strides_of(expected->first));
    EXPECT_EQ(strides_of(actual->second), strides_of(expected->second));
    const Tensor values = in_dtype(run_->on_host(actual->first), DType::kFloat64);
    const Tensor wanted = in_dtype(expected->first, DType::kFloat64);
    expect_tensor<double>(values, {wanted.shape().begin(), wanted.shape().end()}, values_of<double>(wanted), 0);
    EXPECT_EQ(values_of<int64_t>(run_->on_host(actual->second)), values_of<int64_t>(expected->second));
  }

  TestContext host_{1};
};

/// Few different numbers, so that many are equal; among floating ones zeros of both signs, infinities and NaN.
Tensor draw_elements(Draw& draw, const std::vector<int64_t>& shape, DType dtype) {
  const Tensor drawn = draw.any_order(shape);
  auto* values = drawn.data_as<float>();
  for (size_t i = 0; i < drawn.storage()->size() / sizeof(float); ++i) {
    values[i] = std::round(values[i] * 100);
    if (dtype == DType::kUInt8) values[i] += 100;
    if (!is_floating(dtype)) continue;
    if (values[i] == 50) values[i] = -0.0F;
    if (values[i] == 60) values[i] = std::numeric_limits<float>::infinity();
    if (values[i] == 70) values[i] = -std::numeric_limits<float>::infinity();
    if (values[i] == 80 || values[i] == 90) {
      values[i] = std::copysign(std::numeric_limits<float>::quiet_NaN(), values[i] - 85);
    }
  }
  return in_dtype(drawn, dtype);
}

struct Case {
  DType dtype;
  std::vector<int64_t> shape;
  int64_t dimension;
  int64_t k;
};

const Case kCases[] = {
    {DType::kFloat32, {}, -1, 1},          {DType::kFloat32, {5}, 0, 3},         {DType::kFloat32, {3, 64, 2}, 1, 8},
    {DType::kFloat32, {2, 1000}, 1, 1000}, {DType::kFloat32, {2, 4097}, -1, 5},  {DType::kFloat32, {4500, 2}, 0, 4500},
    {DType::kFloat32, {3, 0}, 1, 0},       {DType::kFloat32, {0, 3}, 1, 2},      {DType::kBFloat16, {7, 33}, -1, 4},
    {DType::kBFloat16, {4100}, 0, 10},     {DType::kFloat16, {2, 128}, -1, 128}, {DType::kFloat64, {3, 100}, 1, 7},
    {DType::kFloat64, {4098}, 0, 4098},    {DType::kInt64, {3, 100}, 0, 2},      {DType::kInt64, {4096}, 0, 3},
    {DType::kInt32, {2, 3, 17}, 1, 3},     {DType::kInt16, {40}, 0, 0},          {DType::kInt8, {4, 300}, 1, 300},
    {DType::kUInt8, {4, 300}, 1, 9},       {DType::kUInt8, {4200}, 0, 1},        {DType::kBool, {50}, 0, 20},
};

TEST_F(GpuSorting, SortsAsTheHostDoes) {
  uint32_t seed = 1;
  for (const Case& c : kCases) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::string(dtype_name(c.dtype)));
    Draw draw(seed++);
    const Tensor x = draw_elements(draw, c.shape, c.dtype);
    const Tensor on_gpu = run_->on_gpu(x);
    const bool descending = draw.chance(0.5);
    expect_lines(gpu::sort(run_->context(), on_gpu, c.dimension, descending),
                 sort(host_.get(), x, c.dimension, descending));
    expect_lines(gpu::top_k(run_->context(), on_gpu, c.k, c.dimension, !descending),
                 top_k(host_.get(), x, c.k, c.dimension, !descending));
  }
}

TEST_F(GpuSorting, SortsKeysByTheirLowestBits) {
  const Tensor keys = *Tensor::empty(DType::kInt64, std::array<int64_t, 2>{2, 2500});
  for (int64_t i = 0; i < keys.element_count(); ++i) keys.data_as<int64_t>()[i] = i % 7 * 300 + (i << 40);
  const auto sorted = gpu::radix_sort(run_->context(), run_->on_gpu(keys), 11);
  ASSERT_TRUE(sorted.ok()) << sorted.status().message();
  std::vector<int32_t> expected;
  for (int64_t line = 0; line < 2; ++line) {
    for (int64_t digit = 0; digit < 7; ++digit) {
      for (int64_t i = 0; i < 2500; ++i) {
        if ((line * 2500 + i) % 7 == digit) expected.push_back(static_cast<int32_t>(i));
      }
    }
  }
  EXPECT_EQ(values_of<int32_t>(run_->on_host(*sorted)), expected);
}

TEST_F(GpuSorting, LeavesToTheHostWhatItRefuses) {
  const Tensor x = run_->on_gpu(counting<float>({3, 4}));
  EXPECT_EQ(gpu::top_k(run_->context(), x, 5, 1, true).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(gpu::top_k(run_->context(), x, -1, 1, true).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(gpu::top_k(run_->context(), run_->on_gpu(tensor<float>({}, {1})), 0, 0, true).status().code(),
            StatusCode::kUnavailable);
  EXPECT_EQ(gpu::sort(run_->context(), Tensor(), 0, false).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(gpu::sort(run_->context(), counting<float>({3}), 0, false).status().code(), StatusCode::kUnavailable);
  const Tensor complex = run_->on_gpu(*Tensor::empty(DType::kComplex64, std::array<int64_t, 1>{2}));
  EXPECT_EQ(gpu::sort(run_->context(), complex, 0, false).status().code(), StatusCode::kUnavailable);
  expect_refused(gpu::sort(run_->context(), x, 2, false), "dimension 2");
}

}  // namespace
}  // namespace hearth
