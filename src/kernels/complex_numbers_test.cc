#include "kernels/complex_numbers.h"

#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

using Complex = std::complex<float>;

class ComplexNumbers : public testing::Test {
 protected:
  TestContext team_{1};
  KernelContext context_ = team_.get();
  const Tensor z_ = tensor<Complex>({2, 2}, {{1, 2}, {0, 1}, {3, 0}, {-1, -1}});
};

TEST_F(ComplexNumbers, PartsAreViews) {
  expect_tensor<float>(real_part(z_), {2, 2}, {1, 0, 3, -1});
  expect_tensor<float>(imaginary_part(permuted(z_, {1, 0})), {2, 2}, {2, 0, 1, -1});
  EXPECT_FALSE(real_part(counting<float>({2})).ok());
}

TEST_F(ComplexNumbers, ConjugatesKeepTheOrderInMemory) {
  const auto conjugated = conjugate(context_, permuted(z_, {1, 0}));
  expect_tensor<Complex>(conjugated, {2, 2}, {{1, -2}, {3, 0}, {0, -1}, {-1, 1}});
  EXPECT_EQ(strides_of(*conjugated), (std::vector<int64_t>{1, 2}));
}

TEST_F(ComplexNumbers, ProductsOfMatricesAndBatches) {
  expect_tensor<Complex>(complex_matmul(context_, z_, z_), {2, 2}, {{-3, 7}, {-1, 0}, {0, 3}, {0, 5}});
  const Tensor batch = permuted(tensor<Complex>({1, 2, 1}, {{0, 1}, {2, 0}}), {1, 0, 2});
  expect_tensor<Complex>(complex_matmul(context_, batch, batch), {2, 1, 1}, {{-1, 0}, {4, 0}});
  expect_refused(complex_matmul(context_, z_, batch), "do not fit");
}

TEST_F(ComplexNumbers, Sums) {
  const std::vector<int64_t> last{-1};
  const std::vector<int64_t> none;
  expect_tensor<Complex>(complex_sum(context_, z_, last, false), {2}, {{1, 3}, {2, -1}});
  expect_tensor<Complex>(complex_sum(context_, z_, last, true), {2, 1}, {{1, 3}, {2, -1}});
  expect_tensor<Complex>(complex_sum(context_, z_, none, false), {}, {{3, 2}});
}

}  // namespace
}  // namespace hearth
