#include "kernels/linear_algebra.h"

#include <cmath>

#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

class LinearAlgebra : public testing::Test {
 protected:
  TestContext team_{1};
  KernelContext context_ = team_.get();
  /// Needs an exchange of rows.
  const Tensor a_ = tensor<double>({2, 2}, {0, 2, 4, 6});
  const Tensor singular_ = tensor<double>({2, 2}, {1, 2, 2, 4});
};

TEST_F(LinearAlgebra, InvertsBatches) {
  const Tensor batch = tensor<float>({2, 2, 2}, {0, 2, 4, 6, 1, 0, 0, 4});
  const auto inverted = inverse(context_, batch);
  ASSERT_TRUE(inverted.ok());
  expect_tensor<float>(std::get<0>(*inverted), {2, 2, 2}, {-.75F, .25F, .5F, 0, 1, 0, 0, .25F});
  EXPECT_EQ(strides_of(std::get<0>(*inverted)), (std::vector<int64_t>{4, 1, 2}));
  expect_tensor<int32_t>(std::get<1>(*inverted), {2}, {0, 0});
}

TEST_F(LinearAlgebra, SaysWhereAMatrixIsSingular) {
  const auto inverted = inverse(context_, singular_);
  ASSERT_TRUE(inverted.ok());
  expect_tensor<int32_t>(std::get<1>(*inverted), {}, {2});
  const Status status = check_decomposed(std::get<1>(*inverted), "linalg.inv");
  EXPECT_EQ(status.code(), StatusCode::kFailed);
  EXPECT_NE(status.message().find("linalg.inv: matrix 0"), std::string::npos) << status.message();
}

TEST_F(LinearAlgebra, FactorsAndDeterminants) {
  const auto factors = lu_factor(context_, a_);
  ASSERT_TRUE(factors.ok());
  expect_tensor<double>(std::get<0>(*factors), {2, 2}, {4, 6, 0, 2});
  expect_tensor<int32_t>(std::get<1>(*factors), {2}, {2, 2});
  expect_tensor<double>(std::get<0>(*determinant(context_, a_)), {}, {-8});
  const auto logarithm = log_determinant(context_, a_);
  expect_tensor<double>(std::get<0>(*logarithm), {}, {-1});
  expect_tensor<double>(std::get<1>(*logarithm), {}, {std::log(8)});
  expect_tensor<double>(std::get<0>(*determinant(context_, singular_)), {}, {0});
}

TEST_F(LinearAlgebra, SolvesFromBothSidesAndForVectors) {
  const Tensor b = tensor<double>({2, 2}, {2, 4, 14, 16});
  expect_tensor<double>(std::get<0>(*solve(context_, a_, b, true)), {2, 2}, {2, 1, 1, 2});
  const Tensor vector = tensor<double>({2}, {2, 10});
  expect_tensor<double>(std::get<0>(*solve(context_, a_, vector, true)), {2}, {1, 1});
  // x·a = b
  const auto right = solve(context_, a_, tensor<double>({1, 2}, {4, 8}), false);
  expect_tensor<double>(std::get<0>(*right), {1, 2}, {1, 1});
  expect_refused(solve(context_, a_, counting<double>({3, 1}), true), "does not fit");
}

TEST_F(LinearAlgebra, CholeskyReadsOneTriangle) {
  const Tensor lower = tensor<double>({2, 2}, {4, 99, 2, 5});
  expect_tensor<double>(std::get<0>(*cholesky(context_, lower, false)), {2, 2}, {2, 0, 1, 2});
  const Tensor upper = tensor<double>({2, 2}, {4, 2, 99, 5});
  expect_tensor<double>(std::get<0>(*cholesky(context_, upper, true)), {2, 2}, {2, 1, 0, 2});
  expect_tensor<int32_t>(std::get<1>(*cholesky(context_, tensor<double>({1, 1}, {-1}), false)), {}, {1});
}

TEST_F(LinearAlgebra, OrthogonalTimesTriangle) {
  const Tensor a = tensor<double>({3, 2}, {3, 1, 0, 2, 4, 3});
  const auto reduced = qr(context_, a, "reduced");
  ASSERT_TRUE(reduced.ok());
  expect_tensor<double>(std::get<1>(*reduced), {2, 2}, {-5, -3, 0, -std::sqrt(5)});
  expect_tensor<double>(std::get<0>(*reduced), {3, 2},
                        {-.6, .8 / std::sqrt(5), 0, -2 / std::sqrt(5), -.8, -.6 / std::sqrt(5)}, 1e-9);
  EXPECT_EQ(std::get<0>(*qr(context_, a, "complete")).size(1), 3);
  EXPECT_EQ(std::get<0>(*qr(context_, a, "r")).element_count(), 0);
  expect_refused(qr(context_, a, "other"), "other");
}

TEST_F(LinearAlgebra, Triangles) {
  const Tensor t = tensor<double>({2, 2}, {2, 99, 3, 4});
  const Tensor b = tensor<double>({2, 1}, {2, 11});
  expect_tensor<double>(solve_triangular(context_, t, b, false, true, false), {2, 1}, {1, 2});
  expect_tensor<double>(solve_triangular(context_, t, b, false, true, true), {2, 1}, {2, 5});
  // x·t = b with the lower triangle
  expect_tensor<double>(solve_triangular(context_, t, tensor<double>({1, 2}, {8, 8}), false, false, false), {1, 2},
                        {1, 2});
  expect_refused(inverse(context_, counting<double>({2, 3})), "not square");
  expect_refused(inverse(context_, counting<int64_t>({2, 2})), "float32 or float64");
}

TEST_F(LinearAlgebra, UnpacksFactors) {
  const Tensor tall = tensor<double>({3, 2}, {1, 2, 2, 4, 4, 4});
  const auto factors = lu_factor(context_, tall);
  ASSERT_TRUE(factors.ok());
  const auto parts = unpack_lu(context_, std::get<0>(*factors), std::get<1>(*factors));
  ASSERT_TRUE(parts.ok());
  // The third row is the first pivot, the second one the next: 4 - 4/2 = 2.
  expect_tensor<double>(std::get<0>(*parts), {3, 3}, {0, 0, 1, 0, 1, 0, 1, 0, 0});
  expect_tensor<double>(std::get<1>(*parts), {3, 2}, {1, 0, .5, 1, .25, .5});
  expect_tensor<double>(std::get<2>(*parts), {2, 2}, {4, 4, 0, 2});
  expect_refused(unpack_lu(context_, tall, tensor<int32_t>({2}, {1, 9})), "pivot 1 is 9");
  expect_refused(unpack_lu(context_, tall, tensor<int32_t>({3}, {1, 2, 3})), "pivots");
}

TEST_F(LinearAlgebra, MultipliesReflections) {
  // One reflection about (1, 1)/√2 exchanges and negates the axes.
  const Tensor reflections = tensor<double>({2, 2}, {99, 99, 1, 99});
  expect_tensor<double>(householder_product(context_, reflections, tensor<double>({1}, {1})), {2, 2}, {0, -1, -1, 0});
  expect_refused(householder_product(context_, counting<double>({2, 3}), tensor<double>({1}, {1})), "do not fit");
}

}  // namespace
}  // namespace hearth
