#include "kernels/linear.h"
#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

class GroupedMatmul : public testing::Test {
 protected:
  TestContext team_{2};
  KernelContext context_ = team_.get();
  const Tensor x_ = tensor<float>({4, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  /// The identity, twice it, an exchange of columns.
  const Tensor weights_ = tensor<float>({3, 2, 2}, {1, 0, 0, 1, 2, 0, 0, 2, 0, 1, 1, 0});
};

TEST_F(GroupedMatmul, EachGroupTakesItsOwnMatrix) {
  expect_tensor<float>(grouped_matmul(context_, x_, weights_, tensor<int32_t>({3}, {1, 2, 4})), {4, 2},
                       {1, 2, 6, 8, 6, 5, 8, 7});
}

TEST_F(GroupedMatmul, GroupsMayBeEmptyAndRowsMayBeLeft) {
  expect_tensor<float>(grouped_matmul(context_, x_, weights_, tensor<int64_t>({3}, {0, 0, 1})), {4, 2},
                       {2, 1, 0, 0, 0, 0, 0, 0});
}

TEST_F(GroupedMatmul, WhatDoesNotFitIsRefused) {
  expect_refused(grouped_matmul(context_, x_, weights_, tensor<int64_t>({3}, {2, 1, 4})), "group 1");
  expect_refused(grouped_matmul(context_, x_, weights_, tensor<int64_t>({3}, {2, 3, 5})), "group 2");
  expect_refused(grouped_matmul(context_, x_, weights_, tensor<int64_t>({2}, {2, 4})), "ends");
  expect_refused(grouped_matmul(context_, weights_, weights_, tensor<int64_t>({3}, {2, 3, 4})), "do not fit");
}

TEST_F(GroupedMatmul, BatchesAddUp) {
  const Tensor self = tensor<float>({2}, {10, 20});
  const Tensor a = tensor<float>({2, 1, 2}, {1, 2, 3, 4});
  const Tensor b = tensor<float>({2, 2, 2}, {1, 0, 0, 1, 2, 0, 0, 2});
  expect_tensor<float>(sum_of_matmuls(context_, self, a, b, 0.5, 2), {1, 2}, {5 + 2 * 7, 10 + 2 * 10});
  expect_refused(sum_of_matmuls(context_, self, a, weights_, 1, 1), "do not fit");
}

}  // namespace
}  // namespace hearth
