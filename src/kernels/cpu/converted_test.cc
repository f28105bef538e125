#include "kernels/cpu/converted.h"

#include <array>

#include "base/errors.h"
#include "kernels/cpu/kernel_test_support.h"
#include "kernels/operands.h"
#include "tensor/compare.h"

namespace hearth {
namespace {

Tensor as_dtype(const KernelContext& context, const Tensor& tensor, DType dtype) {
  return *row_major_as(*context.pool, tensor, dtype);
}

/// Whole numbers, which every dtype below holds as they are.
Tensor draw_numbers(Draw& draw, const KernelContext& context, const std::vector<int64_t>& shape) {
  Tensor numbers = *context.pool->empty(DType::kFloat64, shape);
  for (int64_t i = 0; i < numbers.element_count(); ++i) {
    numbers.data_as<double>()[i] = static_cast<double>(draw.from({-3, -2, -1, 0, 1, 2, 3}));
  }
  return numbers;
}

constexpr std::array kDTypes{DType::kFloat16, DType::kBFloat16, DType::kFloat64,
                             DType::kInt64,   DType::kInt32,    DType::kInt8};

void expect_equal(const KernelContext& context, const Tensor& actual, const Tensor& expected) {
  EXPECT_EQ(actual.dtype(), expected.dtype());
  const auto result = compare(as_dtype(context, actual, DType::kFloat64), as_dtype(context, expected, DType::kFloat64),
                              /*atol=*/0, /*rtol=*/0);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->mismatches, 0) << result->worst_actual << " instead of " << result->worst_expected;
}

TEST(Converted, ProductsOfEveryRealDtypeAreRoundedOnce) {
  TestContext owner(2);
  const KernelContext context = owner.get();
  for (const DType dtype : kDTypes) {
    for (uint32_t seed = 0; seed < 20; ++seed) {
      Draw draw(seed);
      const bool batched = draw.chance(0.5);
      const int64_t rows = draw.from({1, 3, 9}), depth = draw.from({0, 1, 4}), columns = draw.from({1, 2, 17});
      std::vector<int64_t> a_shape{rows, depth}, b_shape{depth, columns}, out_shape{rows, columns};
      if (batched) {
        for (auto* shape : {&a_shape, &b_shape, &out_shape}) shape->insert(shape->begin(), 3);
      }
      SCOPED_TRACE(fmt::format("{} seed {}: {}x{}x{}", dtype_name(dtype), seed, rows, depth, columns));
      const Tensor a = draw_numbers(draw, context, a_shape), b = draw_numbers(draw, context, b_shape);
      const Tensor self = draw_numbers(draw, context, {columns});
      const Tensor expected = *context.pool->empty(DType::kFloat64, out_shape);
      const Tensor actual = *context.pool->empty(dtype, out_shape);
      const Status known =
          (batched ? reference::batched_matmul : reference::matmul)(context, expected, self, a, b, 2, 1);
      ASSERT_TRUE(known.ok()) << known.message();
      const Status status =
          (batched ? batched_matmul : matmul)(context, actual, as_dtype(context, self, dtype),
                                              as_dtype(context, a, dtype), as_dtype(context, b, dtype), 2, 1);
      ASSERT_TRUE(status.ok()) << status.message();
      expect_equal(context, actual, as_dtype(context, expected, dtype));
    }
  }
}

TEST(Converted, ConvolutionsOfEveryRealDtypeAreRoundedOnce) {
  TestContext owner(2);
  const KernelContext context = owner.get();
  const std::array<int64_t, 1> one{1};
  const ConvolutionParameters parameters{
      .stride = one, .padding = one, .dilation = one, .activation = Activation::kRelu};
  Draw draw(7);
  const Tensor x = draw_numbers(draw, context, {2, 3, 7, 5}), weight = draw_numbers(draw, context, {4, 3, 3, 2});
  const Tensor bias = draw_numbers(draw, context, {4});
  const auto expected = reference::convolution(context, x, weight, bias, Tensor(), parameters);
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  for (const DType dtype : kDTypes) {
    const auto actual = convolution(context, as_dtype(context, x, dtype), as_dtype(context, weight, dtype),
                                    as_dtype(context, bias, dtype), Tensor(), parameters);
    ASSERT_TRUE(actual.ok()) << actual.status().message();
    ASSERT_NO_FATAL_FAILURE(expect_equal(context, *actual, as_dtype(context, *expected, dtype)));
  }
}

TEST(Converted, RefusesComplexNumbersAndMixedDtypes) {
  TestContext owner(1);
  const KernelContext context = owner.get();
  const auto square = [&](DType dtype) { return *context.pool->empty(dtype, std::array<int64_t, 2>{2, 2}); };
  const auto multiply = [&](DType out, DType a, DType b) {
    return matmul(context, square(out), Tensor(), square(a), square(b), 0, 1);
  };
  EXPECT_EQ(multiply(DType::kComplex64, DType::kComplex64, DType::kComplex64).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(multiply(DType::kFloat64, DType::kFloat64, DType::kFloat32).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(multiply(DType::kBFloat16, DType::kFloat32, DType::kBFloat16).code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace hearth
