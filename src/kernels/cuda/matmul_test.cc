#include "kernels/cuda/matmul.h"

#include <cstring>

#include "base/errors.h"
#include "kernels/cpu/matmul_test_support.h"
#include "kernels/cuda/product.h"
#include "kernels/linear.h"
#include "kernels/operands.h"
#include "kernels/tensor_literals.h"
#include "kernels/testing/gpu_run.h"

namespace hearth {
namespace {

constexpr std::array<DType, 3> kDTypes{DType::kFloat32, DType::kBFloat16, DType::kFloat16};

double rounding_of(DType dtype) { return dtype == DType::kFloat32 ? 0 : dtype == DType::kBFloat16 ? 0x1p-8 : 0x1p-11; }

class GpuMatmul : public GpuTest {
 protected:
  const KernelContext& context() const { return run_->context(); }
  Tensor on_gpu(const Tensor& tensor, DType dtype) const { return run_->on_gpu(in_dtype(tensor, dtype)); }
  Tensor result_of(const Tensor& tensor) const { return in_dtype(run_->on_host(tensor), DType::kFloat32); }

  TestContext reference_{1};
};

MatmulCase draw_matmul(Draw& draw, bool batched) {
  MatmulCase c;
  const auto size = [&] { return draw.from({1, 2, 3, 7, 8, 9, 16, 17, 40, 64, 70}); };
  const int64_t rows = size();
  const int64_t columns = size();
  const int64_t depth = draw.from({0, 1, 3, 8, 17, 24, 64, 130});
  std::vector<int64_t> a{rows, depth};
  std::vector<int64_t> b{depth, columns};
  std::vector<int64_t> out{rows, columns};
  if (batched) {
    const int64_t batches = draw.from({1, 2, 3});
    for (auto* shape : {&a, &b, &out}) shape->insert(shape->begin(), batches);
  }
  c.a = draw.any_order(a);
  c.b = draw.any_order(b);
  c.out = draw.chance(0.7) ? draw.tensor(out) : draw.any_order(out);
  c.beta = static_cast<double>(draw.from({0, 0, 1, 2}));
  c.alpha = draw.chance(0.7) ? 1 : -0.5;
  if (c.beta != 0) c.self = draw_self(draw, out);
  return c;
}

void expect_matmul(const GpuRun& run, const MatmulCase& c, DType dtype, bool batched) {
  SCOPED_TRACE(fmt::format("{}: out {} by {}, a {} by {}, b {} by {}, {}, {}", dtype_name(dtype), describe(c.out),
                           fmt::join(c.out.strides(), " "), describe(c.a), fmt::join(c.a.strides(), " "), describe(c.b),
                           fmt::join(c.b.strides(), " "), c.beta, c.alpha));
  TestContext one(1);
  const Tensor expected = in_dtype(c.out, DType::kFloat32);
  ASSERT_TRUE((batched ? reference::batched_matmul : reference::matmul)(one.get(), expected, rounded_to(c.self, dtype),
                                                                        rounded_to(c.a, dtype), rounded_to(c.b, dtype),
                                                                        c.beta, c.alpha)
                  .ok());
  const Tensor out = run.on_gpu(in_dtype(c.out, dtype));
  const Status done = (batched ? gpu::batched_matmul : gpu::matmul)(
      run.context(), out, run.on_gpu(in_dtype(c.self, dtype)), run.on_gpu(in_dtype(c.a, dtype)),
      run.on_gpu(in_dtype(c.b, dtype)), c.beta, c.alpha);
  ASSERT_TRUE(done.ok()) << done.message();
  expect_close(in_dtype(run.on_host(out), DType::kFloat32), expected, c.a.size(c.a.rank() - 1), rounding_of(dtype));
}

TEST_F(GpuMatmul, MatchesTheReferenceWhateverTheStrides) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Draw draw(seed);
    ASSERT_NO_FATAL_FAILURE(expect_matmul(*run_, draw_matmul(draw, seed % 2 == 1), kDTypes[seed % 3], seed % 2 == 1));
  }
}

/// Neighbours along the rows or along the columns of a matrix, aligned to 16 bytes or, one element further, not.
Tensor matrix(Draw& draw, int64_t rows, int64_t columns, bool transposed, bool aligned) {
  const int64_t across = transposed ? rows : columns;
  const int64_t step = (across + 15) / 8 * 8;
  const Tensor made = draw.tensor({(transposed ? columns : rows) * step + 1});
  return *view_of(made, std::array{rows, columns},
                  transposed ? std::array{int64_t{1}, step} : std::array{step, int64_t{1}}, aligned ? 0 : 1);
}

TEST_F(GpuMatmul, TakesEachTileInEachOrderOfItsOperands) {
  struct Size {
    int64_t rows, depth, columns;
  };
  // The emulated GPU has 4 processors: four large tiles, one small one, sums that are split, few columns,
  // few rows, and more of the depth than a thread reads ahead.
  for (const Size& size : {Size{130, 72, 136}, {33, 40, 24}, {9, 1030, 16}, {20, 48, 5}, {6, 77, 9}, {1, 4300, 3}}) {
    for (const DType dtype : kDTypes) {
      for (int order = 0; order < 5; ++order) {
        SCOPED_TRACE(order);
        Draw draw(static_cast<uint32_t>(order));
        const Tensor a = matrix(draw, size.rows, size.depth, order % 2 == 1, order < 4);
        const Tensor b = matrix(draw, size.depth, size.columns, order / 2 == 1, order < 4);
        const MatmulCase c{.out = draw.tensor({size.rows, size.columns}),
                           .self = draw.tensor({size.columns}),
                           .a = a,
                           .b = b,
                           .beta = 1.5,
                           .alpha = 0.5};
        ASSERT_NO_FATAL_FAILURE(expect_matmul(*run_, c, dtype, false));
      }
    }
  }
}

TEST_F(GpuMatmul, TakesWideTilesForManyColumns) {
  for (const DType dtype : {DType::kBFloat16, DType::kFloat16}) {
    Draw draw(7);
    const MatmulCase c{.out = draw.tensor({130, 1000}),
                       .self = Tensor(),
                       .a = matrix(draw, 130, 100, false, true),
                       .b = matrix(draw, 100, 1000, true, true)};
    ASSERT_NO_FATAL_FAILURE(expect_matmul(*run_, c, dtype, false));
  }
}

TEST_F(GpuMatmul, AddsToTheResultInPlace) {
  Draw draw(1);
  for (const DType dtype : kDTypes) {
    const Tensor a = draw.tensor({20, 40});
    const Tensor b = draw.tensor({40, 30});
    const Tensor sum = draw.tensor({20, 30});
    const Tensor expected = rounded_to(sum, dtype);
    ASSERT_TRUE(reference::matmul(reference_.get(), expected, rounded_to(sum, dtype), rounded_to(a, dtype),
                                  rounded_to(b, dtype), 1, 1)
                    .ok());
    const Tensor out = on_gpu(sum, dtype);
    ASSERT_TRUE(gpu::matmul(context(), out, out, on_gpu(a, dtype), on_gpu(b, dtype), 1, 1).ok());
    expect_close(result_of(out), expected, 40, rounding_of(dtype));
  }
}

TEST_F(GpuMatmul, IgnoresSelfWhenBetaIsZero) {
  const Tensor nan = tensor<float>({1, 1}, {NAN});
  const Tensor out = run_->on_gpu(nan);
  const Tensor two = run_->on_gpu(tensor<float>({1, 1}, {2}));
  ASSERT_TRUE(gpu::matmul(context(), out, out, two, two, 0, 1).ok());
  expect_tensor<float>(run_->on_host(out), {1, 1}, {4});
}

TEST_F(GpuMatmul, SumsTheProductsOfABatch) {
  Draw draw(2);
  const Tensor a = draw.tensor({3, 5, 8});
  const Tensor b = draw.tensor({3, 8, 6});
  const Tensor self = draw.tensor({6});
  const Result<Tensor> expected = sum_of_matmuls(reference_.get(), self, a, b, 0.5, 2);
  const Result<Tensor> sum =
      gpu::sum_of_matmuls(context(), run_->on_gpu(self), run_->on_gpu(a), run_->on_gpu(b), 0.5, 2);
  ASSERT_TRUE(sum.ok()) << sum.status().message();
  expect_close(run_->on_host(*sum), *expected, 24);
}

TEST_F(GpuMatmul, LeavesToOthersWhatItHasNoKernelFor) {
  const auto zeros = [](const std::vector<int64_t>& shape, DType dtype) {
    return in_dtype(counting<float>(shape), dtype);
  };
  const Tensor wide = run_->on_gpu(zeros({2, 2}, DType::kFloat64));
  EXPECT_EQ(gpu::matmul(context(), wide, Tensor(), wide, wide, 0, 1).code(), StatusCode::kUnavailable);
  const Tensor on_host = zeros({2, 2}, DType::kFloat32);
  const Tensor numbers = run_->on_gpu(on_host);
  EXPECT_EQ(gpu::matmul(context(), numbers, Tensor(), on_host, numbers, 0, 1).code(), StatusCode::kUnavailable);
  const Tensor row = *view_of(numbers, std::array<int64_t, 1>{2}, std::array<int64_t, 1>{1}, 0);
  EXPECT_EQ(gpu::matmul(context(), numbers, row, numbers, numbers, 1, 1).code(), StatusCode::kUnavailable);
  EXPECT_EQ(gpu::linear(context(), numbers, on_host, Tensor(), Tensor(), Activation::kNone).status().code(),
            StatusCode::kUnavailable);
  const Tensor other = run_->on_gpu(zeros({3, 2}, DType::kFloat32));
  expect_refused(gpu::matmul(context(), numbers, Tensor(), other, other, 0, 1), "b is");
  expect_refused(gpu::batched_matmul(context(), numbers, Tensor(), numbers, numbers, 0, 1), "dimensions");
}

struct LinearCase {
  Tensor x, weight, bias, residual;
  Activation activation = Activation::kNone;
};

void expect_linear(const GpuRun& run, const LinearCase& c, DType dtype, DType bias_dtype) {
  SCOPED_TRACE(fmt::format("{}: x {} by {}, weight {} by {}", dtype_name(dtype), describe(c.x),
                           fmt::join(c.x.strides(), " "), describe(c.weight), fmt::join(c.weight.strides(), " ")));
  TestContext one(1);
  const auto expected = reference::linear(one.get(), rounded_to(c.x, dtype), rounded_to(c.weight, dtype),
                                          rounded_to(c.bias, bias_dtype), rounded_to(c.residual, dtype), c.activation);
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  const auto actual =
      gpu::linear(run.context(), run.on_gpu(in_dtype(c.x, dtype)), run.on_gpu(in_dtype(c.weight, dtype)),
                  run.on_gpu(in_dtype(c.bias, bias_dtype)), run.on_gpu(in_dtype(c.residual, dtype)), c.activation);
  ASSERT_TRUE(actual.ok()) << actual.status().message();
  ASSERT_EQ(actual->dtype(), dtype);
  expect_close(in_dtype(run.on_host(*actual), DType::kFloat32), *expected, c.weight.size(1), rounding_of(dtype));
}

TEST_F(GpuMatmul, LinearMatchesTheReference) {
  for (uint32_t seed = 0; seed < 42; ++seed) {
    SCOPED_TRACE(seed);
    Draw draw(seed);
    const DType dtype = kDTypes[seed % 3];
    const int64_t rows = draw.from({1, 2, 3, 5, 8, 9, 17, 64});
    const int64_t columns = draw.from({1, 3, 16, 31, 65});
    const int64_t depth = draw.from({0, 1, 8, 40, 64, 1040});
    std::vector<int64_t> shape{draw.from({1, 2}), rows, depth};
    if (draw.chance(0.3)) shape.erase(shape.begin());
    if (shape.size() == 2 && draw.chance(0.2)) shape.erase(shape.begin());
    LinearCase c;
    c.x = draw.chance(0.7) ? draw.tensor(shape) : draw.any_order(shape);
    c.weight = draw.chance(0.7) ? draw.tensor({columns, depth}) : draw.any_order({columns, depth});
    shape.back() = columns;
    if (draw.chance(0.5)) c.bias = draw.tensor({columns});
    if (draw.chance(0.4)) c.residual = draw.any_order(shape);
    c.activation = static_cast<Activation>(seed % 7);
    ASSERT_NO_FATAL_FAILURE(expect_linear(*run_, c, dtype, draw.chance(0.5) ? dtype : DType::kFloat32));
  }
}

TEST_F(GpuMatmul, PlansByWhatFillsTheProcessors) {
  using Kernel = gpu::ProductPlan::Kernel;
  const auto plan = [](int64_t rows, int64_t columns, int64_t depth, int64_t row_stride, DType dtype) {
    gpu::Product product{};
    product.batches = 1;
    product.rows = static_cast<int32_t>(rows);
    product.columns = static_cast<int32_t>(columns);
    product.depth = static_cast<int32_t>(depth);
    product.a = {nullptr, 0, row_stride, 1};
    product.b = {nullptr, 0, 1, row_stride};
    return gpu::plan_product(dtype, product, 132);
  };
  EXPECT_EQ(plan(4096, 4096, 4096, 4096, DType::kBFloat16).kernel, Kernel::kWideTiles);
  EXPECT_EQ(plan(2048, 2048, 4096, 4096, DType::kBFloat16).kernel, Kernel::kLargeTiles);
  EXPECT_EQ(plan(4096, 4096, 4095, 4095, DType::kBFloat16).kernel, Kernel::kSmallTiles);
  EXPECT_EQ(plan(4096, 4096, 4095, 4095, DType::kFloat32).kernel, Kernel::kLargeTiles);
  EXPECT_EQ(plan(8, 4096, 4096, 4096, DType::kFloat16).kernel, Kernel::kRows);
  EXPECT_FALSE(plan(8, 4096, 4096, 4096, DType::kFloat16).transposed);
  EXPECT_EQ(plan(8, 65536, 128, 128, DType::kFloat16).kernel, Kernel::kSmallTiles);
  EXPECT_EQ(plan(8, 1024, 128, 128, DType::kFloat16).kernel, Kernel::kRows);
  EXPECT_TRUE(plan(4096, 1, 4096, 4096, DType::kFloat16).transposed);
  const gpu::ProductPlan split = plan(64, 1024, 4096, 4096, DType::kBFloat16);
  EXPECT_EQ(split.kernel, Kernel::kSmallTiles);
  EXPECT_EQ(split.splits, 16);
  EXPECT_EQ(split.split_depth, 256);
  EXPECT_EQ(plan(512, 4096, 4096, 4096, DType::kBFloat16).splits, 1);
}

}  // namespace
}  // namespace hearth
