#include "kernels/elementwise.h"

#include <limits>
#include <numbers>

#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

using Complex = std::complex<float>;
constexpr float kPi = std::numbers::pi_v<float>;

class Elementwise : public testing::Test {
 protected:
  TestContext team_{2};
  KernelContext context_ = team_.get();
};

TEST_F(Elementwise, ComputesOnComplexNumbers) {
  const Tensor z = tensor<Complex>({2}, {{3, 4}, {0, -2}});
  expect_tensor<float>(absolute(context_, z), {2}, {5, 2});
  expect_tensor<float>(angle(context_, z), {2}, {0.9272952F, -kPi / 2});
  expect_tensor<Complex>(binary(context_, Binary::kAdd, z, tensor<float>({2}, {1, 2}), 2), {2}, {{5, 4}, {4, -2}});
  expect_tensor<Complex>(binary(context_, Binary::kMultiply, z, z), {2}, {{-7, 24}, {-4, 0}});
  expect_tensor<Complex>(binary(context_, Binary::kMultiply, z, 0.5), {2}, {{1.5F, 2}, {0, -1}});
  expect_tensor<Complex>(polar(context_, tensor<float>({1}, {2}), tensor<float>({1}, {0})), {1}, {{2, 0}});
  expect_tensor<Complex>(binary(context_, Binary::kDivide, z, tensor<Complex>({}, {{0, 1}})), {2}, {{4, -3}, {-2, 0}});
  expect_tensor<Complex>(unary(context_, Unary::kNegative, z), {2}, {{-3, -4}, {0, 2}});
  expect_tensor<Complex>(unary(context_, Unary::kExp, tensor<Complex>({1}, {{0, 0}})), {1}, {{1, 0}});
  expect_refused(binary(context_, Binary::kDivide, tensor<int64_t>({1}, {1}), tensor<int64_t>({1}, {1})), "integers");
  expect_refused(unary(context_, Unary::kExp, tensor<int64_t>({1}, {1})), "expected complex");
}

TEST_F(Elementwise, BroadcastsAndPromotes) {
  const Tensor row = tensor<int64_t>({2}, {1, 2});
  const Tensor column = tensor<float>({2, 1}, {.5F, 1});
  expect_tensor<float>(binary(context_, Binary::kAdd, row, column), {2, 2}, {1.5F, 2.5F, 2, 3});
  expect_tensor<float>(binary(context_, Binary::kAdd, row, 0.5), {2}, {1.5F, 2.5F});
  expect_tensor<int64_t>(binary(context_, Binary::kAdd, row, 2.0), {2}, {3, 4});
  expect_tensor<float>(binary(context_, Binary::kMultiply, column, tensor<double>({}, {2})), {2, 1}, {1, 2});
  expect_refused(binary(context_, Binary::kAdd, row, counting<float>({3})), "do not broadcast");
}

TEST_F(Elementwise, KeepsTheOrderInMemory) {
  const Tensor turned = permuted(counting<float>({2, 3}), {1, 0});
  EXPECT_EQ(strides_of(*binary(context_, Binary::kAdd, turned, 1.0)), strides_of(turned));
  EXPECT_EQ(strides_of(*absolute(context_, turned)), strides_of(turned));
}

TEST_F(Elementwise, RaisesToPowers) {
  const Tensor whole = tensor<int64_t>({4}, {2, -1, 1, 0});
  expect_tensor<int64_t>(binary(context_, Binary::kPower, whole, tensor<int64_t>({4}, {10, -3, -5, 0})), {4},
                         {1024, -1, 1, 1});
  expect_tensor<float>(binary(context_, Binary::kPower, tensor<float>({2}, {2, 9}), 0.5), {2}, {1.4142135F, 3});
  expect_tensor<float>(binary(context_, Binary::kPower, 2.0, tensor<float>({2}, {3, -1})), {2}, {8, .5F});
}

TEST_F(Elementwise, WrapsIntegersAround) {
  constexpr int8_t kLeast = std::numeric_limits<int8_t>::min();
  const Tensor least = tensor<int8_t>({1}, {kLeast});
  expect_tensor<int8_t>(absolute(context_, least), {1}, {kLeast});
  expect_tensor<int8_t>(binary(context_, Binary::kMultiply, least, least), {1}, {0});
  expect_tensor<int8_t>(binary(context_, Binary::kAdd, least, least), {1}, {0});
}

TEST_F(Elementwise, FindsCommonDivisors) {
  expect_tensor<int64_t>(
      binary(context_, Binary::kGcd, tensor<int64_t>({3}, {12, -9, 0}), tensor<int64_t>({3}, {18, 6, 5})), {3},
      {6, 3, 5});
  expect_refused(binary(context_, Binary::kGcd, counting<float>({1}), counting<float>({1})), "not integers");
}

TEST_F(Elementwise, FillsAnyStrides) {
  const Tensor x = counting<float>({2, 2});
  const Tensor column =
      *Tensor::view(x.storage(), DType::kFloat32, std::vector<int64_t>{2}, std::vector<int64_t>{2}, 1);
  ASSERT_TRUE(fill(context_, column, 7).ok());
  expect_tensor<float>(x, {2, 2}, {0, 7, 2, 7});
}

TEST_F(Elementwise, TellsAnglesOfRealNumbers) {
  expect_tensor<float>(angle(context_, tensor<float>({3}, {1, -1, 0})), {3}, {0, kPi, 0});
  expect_tensor<float>(angle(context_, tensor<int64_t>({2}, {-5, 5})), {2}, {kPi, 0});
}

}  // namespace
}  // namespace hearth
