#include "kernels/adapter.h"

#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

class AdapterTest : public testing::Test {
 protected:
  static Tensor constant(const Tensor& tensor) {
    return *Tensor::view(ConstantStorage::copy_of(tensor), tensor.dtype(), tensor.shape(), tensor.strides(), 0);
  }

  const Tensor weight_ = tensor<float>({2, 2}, {1, 0, 0, 1});
  /// [1, 2] · x, once to the first result and twice to the second.
  const LowRank addition_{constant(tensor<float>({1, 2}, {1, 2})), constant(tensor<float>({2, 1}, {1, 2}))};
  const Adapter adapter_{{{weight_.data(), addition_}}};
  TestContext team_{2};
  KernelContext context_ = team_.get();
  const Tensor x_ = tensor<float>({3, 2}, {1, 1, 2, 0, 0, 5});
};

TEST_F(AdapterTest, AddsTheProductOfItsMatrices) {
  context_.adapter = &adapter_;
  expect_tensor<float>(with_adapter(context_, x_, weight_, Tensor()), {3, 2}, {3, 6, 2, 4, 10, 20});
  const Tensor residual = tensor<float>({3, 2}, {100, 200, 300, 400, 500, 600});
  expect_tensor<float>(with_adapter(context_, x_, weight_, residual), {3, 2}, {103, 206, 302, 404, 510, 620});
}

TEST_F(AdapterTest, AddsInTheDtypeOfTheLayer) {
  context_.adapter = &adapter_;
  const auto sum = with_adapter(context_, in_dtype(x_, DType::kBFloat16), weight_, Tensor());
  ASSERT_TRUE(sum.ok());
  EXPECT_EQ(sum->dtype(), DType::kBFloat16);
  EXPECT_EQ(elements(in_dtype(*sum, DType::kFloat32)), (std::vector<float>{3, 6, 2, 4, 10, 20}));
}

TEST_F(AdapterTest, LeavesOtherLayersAsTheyAre) {
  const Tensor residual = tensor<float>({3, 2}, {1, 2, 3, 4, 5, 6});
  EXPECT_FALSE(with_adapter(context_, x_, weight_, Tensor())->defined());
  context_.adapter = &adapter_;
  EXPECT_FALSE(with_adapter(context_, x_, x_, Tensor())->defined());
  EXPECT_EQ(with_adapter(context_, x_, x_, residual)->data(), residual.data());
}

TEST_F(AdapterTest, WhatDoesNotFitIsRefused) {
  context_.adapter = &adapter_;
  expect_refused(with_adapter(context_, tensor<float>({1, 3}, {1, 2, 3}), weight_, Tensor()), "weight");
  expect_refused(with_adapter(context_, x_, weight_, weight_), "residual");
}

}  // namespace
}  // namespace hearth
