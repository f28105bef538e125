#include "kernels/eigen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "kernels/linear.h"
#include "kernels/matrix_batch.h"
#include "kernels/shape_ops.h"
#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

class Eigen : public testing::Test {
 protected:
  Tensor product(const Tensor& a, const Tensor& b) {
    const Tensor out = context_.pool->empty(DType::kFloat64, Dimensions{a.size(0), b.size(1)}).value();
    EXPECT_TRUE(matmul(context_, out, Tensor(), a, b, 0, 1).ok());
    return out;
  }
  /// Random numbers of rank at most `rank`.
  Tensor matrix(int64_t rows, int64_t columns, int64_t rank) {
    const auto random = [&](int64_t m, int64_t n) {
      const Tensor result = context_.pool->empty(DType::kFloat64, Dimensions{m, n}).value();
      for (int64_t i = 0; i < m * n; ++i) result.data_as<double>()[i] = normal_(generator_);
      return result;
    };
    return product(random(rows, rank), random(rank, columns));
  }
  static Tensor flipped(const Tensor& a) { return transposed(a).value(); }
  /// a · diagonal(values)
  Tensor scaled(const Tensor& a, const Tensor& values) {
    const Tensor result = context_.pool->empty(DType::kFloat64, a.shape()).value();
    for (int64_t i = 0; i < a.size(0); ++i) {
      for (int64_t j = 0; j < a.size(1); ++j) {
        result.data_as<double>()[i * a.size(1) + j] =
            a.data_as<double>()[i * a.stride(0) + j * a.stride(1)] * values.data_as<double>()[j];
      }
    }
    return result;
  }
  void expect_close(const Tensor& got, const Tensor& want) {
    ASSERT_TRUE(std::ranges::equal(got.shape(), want.shape()));
    for (int64_t i = 0; i < got.size(0); ++i) {
      for (int64_t j = 0; j < got.size(1); ++j) {
        EXPECT_NEAR(got.data_as<double>()[i * got.stride(0) + j * got.stride(1)],
                    want.data_as<double>()[i * want.stride(0) + j * want.stride(1)], 1e-11);
      }
    }
  }
  void expect_orthonormal_columns(const Tensor& a) {
    const Tensor products = product(flipped(a), a);
    for (int64_t i = 0; i < a.size(1); ++i) {
      for (int64_t j = 0; j < a.size(1); ++j) {
        EXPECT_NEAR(products.data_as<double>()[i * a.size(1) + j], i == j ? 1 : 0, 1e-12) << i << ", " << j;
      }
    }
  }

  TestContext team_{1};
  KernelContext context_ = team_.get();
  std::mt19937 generator_{7};
  std::normal_distribution<double> normal_;
};

TEST_F(Eigen, SymmetricMatricesAreTheirVectorsAndValues) {
  for (const int64_t size : {1, 2, 3, 8, 33}) {
    for (const int64_t rank : {size, (size + 1) / 2}) {
      const Tensor factor = matrix(size, rank, rank);
      const Tensor a = product(factor, flipped(factor));
      const auto result = symmetric_eigen(context_, a, /*lower=*/true, /*vectors=*/true);
      ASSERT_TRUE(result.ok());
      const auto& [values, vectors] = *result;
      expect_orthonormal_columns(vectors);
      expect_close(product(scaled(vectors, values), flipped(vectors)), a);
      for (int64_t i = 1; i < size; ++i) EXPECT_LE(values.data_as<double>()[i - 1], values.data_as<double>()[i]);
    }
  }
}

TEST_F(Eigen, ReadsOneTriangle) {
  const auto lower = symmetric_eigen(context_, tensor<float>({2, 2}, {2, 99, 1, 2}), true, false);
  ASSERT_TRUE(lower.ok());
  expect_tensor<float>(std::get<0>(*lower), {2}, {1, 3});
  EXPECT_EQ(std::get<1>(*lower).element_count(), 0);
  const auto upper = symmetric_eigen(context_, tensor<float>({2, 2}, {2, 1, 99, 2}), false, false);
  expect_tensor<float>(std::get<0>(*upper), {2}, {1, 3});
  expect_refused(symmetric_eigen(context_, counting<float>({2, 3}), true, true), "not square");
}

TEST_F(Eigen, MatricesAreTheirSingularVectorsAndValues) {
  const int64_t sizes[][3] = {{1, 1, 1}, {3, 3, 3}, {5, 2, 2}, {2, 5, 2}, {9, 17, 4}, {20, 12, 3}, {4, 4, 0}};
  for (const auto& [rows, columns, rank] : sizes) {
    for (const bool full : {false, true}) {
      const Tensor a = matrix(rows, columns, rank);
      const auto result = singular_values(context_, a, full, /*vectors=*/true);
      ASSERT_TRUE(result.ok());
      const auto& [left, values, right] = *result;
      const int64_t count = std::min(rows, columns);
      EXPECT_EQ(left.size(1), full ? rows : count);
      EXPECT_EQ(right.size(0), full ? columns : count);
      expect_orthonormal_columns(left);
      expect_orthonormal_columns(flipped(right));
      const Tensor first = narrow(left, 1, 0, count).value();
      expect_close(product(scaled(first, values), narrow(right, 0, 0, count).value()), a);
      for (int64_t i = rank; i < count; ++i) EXPECT_NEAR(values.data_as<double>()[i], 0, 1e-12);
    }
  }
}

TEST_F(Eigen, SingularValuesDescendInEveryBatch) {
  const auto result = singular_values(context_, tensor<float>({2, 2, 2}, {3, 0, 0, -4, 0, 2, 1, 0}), false, false);
  ASSERT_TRUE(result.ok());
  expect_tensor<float>(std::get<1>(*result), {2, 2}, {4, 3, 2, 1});
  EXPECT_EQ(std::get<0>(*result).element_count(), 0);
  expect_refused(singular_values(context_, counting<int64_t>({2, 2}), false, true), "float32 or float64");
}

TEST_F(Eigen, WhatIsNotANumberEnds) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(singular_values(context_, tensor<double>({2, 2}, {kNan, 1, 2, kNan}), true, true).ok());
  EXPECT_TRUE(symmetric_eigen(context_, tensor<double>({2, 2}, {kNan, 1, 2, kNan}), true, true).ok());
}

TEST_F(Eigen, ExponentialsOfMatrices) {
  // e^(θJ) is a rotation; a nilpotent matrix has a finite series; large numbers are squared back.
  const double angle = 2.5;
  expect_tensor<double>(matrix_exponential(context_, tensor<double>({2, 2}, {0, -angle, angle, 0})), {2, 2},
                        {std::cos(angle), -std::sin(angle), std::sin(angle), std::cos(angle)}, 1e-12);
  expect_tensor<double>(matrix_exponential(context_, tensor<double>({2, 2}, {0, 100, 0, 0})), {2, 2}, {1, 100, 0, 1},
                        1e-9);
  expect_tensor<float>(matrix_exponential(context_, tensor<float>({2, 1, 1}, {0, 1})), {2, 1, 1}, {1, std::exp(1.F)});
  expect_refused(matrix_exponential(context_, counting<double>({2, 3})), "not square");
}

}  // namespace
}  // namespace hearth
