#include "kernels/cuda/indexing.h"

#include <limits>

#include "kernels/operands.h"
#include "kernels/tensor_literals.h"
#include "kernels/testing/gpu_run.h"
#include "kernels/visit.h"

namespace hearth {
namespace {

class GpuIndexing : public GpuTest {
 protected:
  std::vector<Tensor> on_gpu(const std::vector<Tensor>& tensors) const {
    std::vector<Tensor> copies;
    for (const Tensor& tensor : tensors) copies.push_back(run_->on_gpu(tensor));
    return copies;
  }
  /// The same shape and elements, to the bit but for zeros' signs.
  void expect_same_elements(const Tensor& on_gpu, const Tensor& expected) const {
    const Tensor wide = in_dtype(expected, DType::kFloat64);
    expect_tensor<double>(in_dtype(run_->on_host(on_gpu), DType::kFloat64), {wide.shape().begin(), wide.shape().end()},
                          values_of<double>(wide), 0);
  }
  void expect_same(const Result<Tensor>& on_gpu, const Result<Tensor>& expected) const {
    ASSERT_TRUE(expected.ok()) << expected.status().message();
    ASSERT_TRUE(on_gpu.ok()) << on_gpu.status().message();
    EXPECT_EQ(strides_of(*on_gpu), strides_of(*expected));
    expect_same_elements(*on_gpu, *expected);
  }

  TestContext team_{1};
  KernelContext host_ = team_.get();
};

/// Numbers around zero that every dtype holds, sometimes NaN.
Tensor draw_elements(Draw& draw, const std::vector<int64_t>& shape, DType dtype) {
  const Tensor drawn = draw.any_order(shape);
  auto* values = drawn.data_as<float>();
  for (size_t i = 0; i < drawn.storage()->size() / sizeof(float); ++i) {
    values[i] = std::round(values[i] * 3);
    if (dtype == DType::kUInt8) values[i] = std::abs(values[i]);
    if (is_floating(dtype) && values[i] != 0) values[i] = values[i] == 3 ? NAN : values[i] * 0.3F;
  }
  return in_dtype(drawn, dtype);
}

/// Indices from `low` to `size` - 1.
Tensor draw_indices(Draw& draw, const std::vector<int64_t>& shape, int64_t low, int64_t size,
                    DType dtype = DType::kInt64) {
  const Tensor drawn = draw.any_order(shape);
  auto* values = drawn.data_as<float>();
  for (size_t i = 0; i < drawn.storage()->size() / sizeof(float); ++i) {
    const float place = (values[i] + 1) / 2 * static_cast<float>(size - low);
    values[i] = std::min(std::floor(place), static_cast<float>(size - low - 1)) + static_cast<float>(low);
  }
  return in_dtype(drawn, dtype);
}

Tensor draw_mask(Draw& draw, const std::vector<int64_t>& shape) {
  return draw_indices(draw, shape, 0, 2, DType::kBool);
}

struct IndexCase {
  std::vector<int64_t> shape;
  std::vector<Tensor> indices;
};

std::vector<IndexCase> index_cases(Draw& draw) {
  return {
      {{5}, {draw_indices(draw, {7}, -5, 5)}},
      {{5, 3}, {draw_indices(draw, {2, 4}, -5, 5)}},
      {{5, 3}, {Tensor(), draw_indices(draw, {4}, -3, 3, DType::kInt32)}},
      {{4, 5, 6}, {draw_indices(draw, {3, 1}, 0, 4), draw_indices(draw, {2}, -5, 5)}},
      {{4, 5, 6}, {draw_indices(draw, {3}, 0, 4), Tensor(), draw_indices(draw, {2, 1}, 0, 6)}},
      {{4, 5, 6}, {Tensor(), draw_mask(draw, {5, 6})}},
      {{4, 5}, {draw_mask(draw, {4})}},
      {{4, 5}, {Tensor(), Tensor()}},
      {{4, 5}, {draw_indices(draw, {0}, 0, 4)}},
      {{3, 2}, {draw_indices(draw, {4500}, 0, 3)}},
  };
}

constexpr DType kDTypes[] = {DType::kFloat32, DType::kBFloat16, DType::kInt64, DType::kUInt8, DType::kFloat64,
                             DType::kFloat16, DType::kInt32,    DType::kBool,  DType::kInt8,  DType::kInt16};

TEST_F(GpuIndexing, TakesAndPutsAsTheHostDoes) {
  uint32_t seed = 1;
  for (const DType dtype : kDTypes) {
    Draw draw(seed);
    for (const IndexCase& c : index_cases(draw)) {
      SCOPED_TRACE("seed " + std::to_string(seed++) + ", " + std::string(dtype_name(dtype)) + describe_shape(c.shape));
      const Tensor x = draw_elements(draw, c.shape, dtype);
      const std::vector<Tensor> indices = on_gpu(c.indices);
      const auto taken = index(host_, x, c.indices);
      expect_same(gpu::index(run_->context(), run_->on_gpu(x), indices), taken);
      std::vector<int64_t> shape(taken->shape().begin(), taken->shape().end());
      if (!shape.empty() && draw.chance(0.3)) shape[0] = 1;
      const Tensor values = draw_elements(draw, shape, dtype);
      for (const bool accumulate : {false, true}) {
        const Tensor target = *gpu::clone(run_->context(), run_->on_gpu(x));
        const Tensor expected = *clone(*host_.pool, x);
        ASSERT_TRUE(index_put_in_place(host_, expected, c.indices, values, accumulate).ok());
        const Status put = gpu::index_put_in_place(run_->context(), target, indices, run_->on_gpu(values), accumulate);
        ASSERT_TRUE(put.ok()) << put.message();
        expect_same_elements(target, expected);
      }
    }
  }
}

struct ScatterCase {
  std::vector<int64_t> shape;
  int64_t dimension;
  std::vector<int64_t> index_shape;
  std::vector<int64_t> source_shape;
};

const ScatterCase kScatterCases[] = {
    {{}, 0, {}, {}},
    {{6}, 0, {40}, {41}},
    {{3, 5}, 0, {7, 4}, {7, 5}},
    {{3, 5, 2}, 1, {2, 9, 2}, {3, 9, 2}},
    {{4, 6}, -1, {4, 0}, {4, 3}},
};

TEST_F(GpuIndexing, ScattersWithEveryReductionAsTheHostDoes) {
  constexpr Reduction kReductions[] = {Reduction::kReplace, Reduction::kSum,     Reduction::kProduct,
                                       Reduction::kMean,    Reduction::kMaximum, Reduction::kMinimum};
  uint32_t seed = 1;
  for (const DType dtype : kDTypes) {
    for (const ScatterCase& c : kScatterCases) {
      for (const Reduction reduction : kReductions) {
        SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::string(dtype_name(dtype)));
        Draw draw(seed++);
        const int64_t size = c.shape.empty() ? 1 : c.shape[c.dimension < 0 ? c.shape.size() - 1 : c.dimension];
        const Tensor self = draw_elements(draw, c.shape, dtype);
        const Tensor source = draw_elements(draw, c.source_shape, dtype);
        const Tensor index =
            draw_indices(draw, c.index_shape, 0, size, draw.chance(0.2) ? DType::kInt32 : DType::kInt64);
        const bool include_self = draw.chance(0.5);
        const Tensor expected = *clone(*host_.pool, self);
        ASSERT_TRUE(scatter(host_, expected, expected, c.dimension, index, source, reduction, include_self).ok());
        const Tensor from = run_->on_gpu(self);
        const Tensor to = draw.chance(0.5) ? from : run_->on_gpu(draw_elements(draw, c.shape, dtype));
        const Status scattered = gpu::scatter(run_->context(), to, from, c.dimension, run_->on_gpu(index),
                                              run_->on_gpu(source), reduction, include_self);
        ASSERT_TRUE(scattered.ok()) << scattered.message();
        expect_same_elements(to, expected);
      }
    }
  }
}

TEST_F(GpuIndexing, ScattersAValueIntoAnotherTensor) {
  const Tensor self = counting<float>({2, 3});
  const Tensor index = run_->on_gpu(tensor<int64_t>({2, 2}, {2, 0, 1, 1}));
  const Tensor out = run_->on_gpu(*Tensor::empty(DType::kFloat32, self.shape()));
  ASSERT_TRUE(gpu::scatter_value(run_->context(), out, run_->on_gpu(self), 1, index, 7.5).ok());
  expect_tensor<float>(run_->on_host(out), {2, 3}, {7.5F, 1, 7.5F, 3, 7.5F, 5});
}

TEST_F(GpuIndexing, FindsAndSelectsAsTheHostDoes) {
  uint32_t seed = 1;
  for (const DType dtype : kDTypes) {
    for (const std::vector<int64_t>& shape : std::vector<std::vector<int64_t>>{{}, {7}, {3, 4, 2}, {2, 2100}, {0, 3}}) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::string(dtype_name(dtype)));
      Draw draw(seed++);
      const Tensor x = draw_elements(draw, shape, dtype);
      expect_same(gpu::nonzero(run_->context(), run_->on_gpu(x)), nonzero(host_, x));
      const Tensor mask = draw_mask(draw, shape.empty() ? std::vector<int64_t>{2, 1} : std::vector{shape.back()});
      expect_same(gpu::masked_select(run_->context(), run_->on_gpu(x), run_->on_gpu(mask)),
                  masked_select(host_, x, mask));
    }
  }
  const Tensor zeros = run_->on_gpu(tensor<float>({3}, {-0.0F, 0, -1}));
  expect_tensor<int64_t>(run_->on_host(*gpu::nonzero(run_->context(), zeros)), {1, 1}, {2});
}

TEST_F(GpuIndexing, NamesTheFirstIndexThatIsOutOfBoundsAndChangesNothing) {
  const Tensor x = run_->on_gpu(counting<float>({3, 2}));
  const Tensor wild = run_->on_gpu(tensor<int64_t>({3}, {0, int64_t{1} << 60, -9}));
  const Tensor negative = run_->on_gpu(tensor<int64_t>({1, 1}, {-1}));
  const Tensor value = run_->on_gpu(tensor<float>({}, {9}));
  const Tensor values = run_->on_gpu(tensor<float>({1, 1}, {9}));
  const KernelContext& context = run_->context();
  expect_refused(gpu::index(context, x, std::vector{wild}),
                 "index 1152921504606846976 is out of bounds for dimension 0");
  expect_refused(gpu::index_put_in_place(context, x, std::vector{Tensor(), wild}, value, false),
                 "index 1152921504606846976 is out of bounds for dimension 1 with size 2");
  expect_refused(gpu::scatter(context, x, x, 0, negative, values, Reduction::kSum, true),
                 "index -1 is out of bounds for size 3");
  expect_refused(gpu::scatter_value(context, x, x, 1, negative, 3), "index -1 is out of bounds for size 2");
  expect_tensor<float>(run_->on_host(x), {3, 2}, {0, 1, 2, 3, 4, 5});
}

TEST_F(GpuIndexing, LeavesWhatItHasNoFormForToTheHost) {
  const KernelContext& context = run_->context();
  const Tensor x = run_->on_gpu(counting<float>({3, 2}));
  const Tensor picks = run_->on_gpu(tensor<int64_t>({1}, {0}));
  const Tensor on_host = tensor<int64_t>({1}, {0});
  const Tensor complex = run_->on_gpu(*Tensor::empty(DType::kComplex64, std::array<int64_t, 1>{3}));
  const auto unavailable = [](const auto& result) {
    if constexpr (std::is_same_v<std::decay_t<decltype(result)>, Status>)
      return result.code() == StatusCode::kUnavailable;
    else
      return result.status().code() == StatusCode::kUnavailable;
  };
  EXPECT_TRUE(unavailable(gpu::index(context, x, std::vector{on_host})));
  EXPECT_TRUE(unavailable(gpu::index(context, counting<float>({3}), std::vector{picks})));
  EXPECT_TRUE(unavailable(gpu::index_put_in_place(context, complex, std::vector{picks}, complex, true)));
  EXPECT_TRUE(unavailable(gpu::index_put_in_place(context, x, std::vector{picks}, counting<float>({2}), true)));
  EXPECT_TRUE(unavailable(gpu::scatter(context, x, x, 0, picks, x, Reduction::kSum, true)));
  EXPECT_TRUE(unavailable(gpu::scatter(context, x, x, 2, x, x, Reduction::kSum, true)));
  EXPECT_TRUE(unavailable(gpu::nonzero(context, complex)));
  EXPECT_TRUE(unavailable(gpu::masked_select(context, x, x)));
}

}  // namespace
}  // namespace hearth
