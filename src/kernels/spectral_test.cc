#include "kernels/spectral.h"

#include <random>

#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

using Complex = std::complex<float>;

template <typename T>
Tensor noise(std::vector<int64_t> shape, uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  Tensor made = *Tensor::empty(kDTypeOf<T>, shape);
  for (int64_t i = 0; i < made.element_count(); ++i) {
    if constexpr (std::is_same_v<T, Complex>) {
      const float real = normal(generator);
      made.data_as<T>()[i] = {real, normal(generator)};
    } else {
      made.data_as<T>()[i] = normal(generator);
    }
  }
  return made;
}

void expect_near(const Result<Tensor>& actual, const Tensor& expected, double tolerance = 2e-5) {
  ASSERT_TRUE(actual.ok()) << actual.status().message();
  ASSERT_EQ(describe(*actual), describe(expected));
  for (int64_t i = 0; i < expected.element_count(); ++i) {
    const Complex difference = actual->data_as<Complex>()[i] - expected.data_as<Complex>()[i];
    EXPECT_LT(std::abs(difference), tolerance) << "element " << i;
  }
}

class Spectral : public testing::Test {
 protected:
  TestContext team_{2};
  KernelContext context_ = team_.get();
};

TEST_F(Spectral, SizesOfAnyFactorsAgreeWithTheDefinition) {
  for (const int64_t size : {1, 2, 3, 4, 5, 7, 8, 12, 13, 30, 31, 49, 64, 97}) {
    for (const bool forward : {true, false}) {
      for (const auto scale : {FourierScale::kNone, FourierScale::kByRootOfSize, FourierScale::kBySize}) {
        const Tensor self = noise<Complex>({3, size}, static_cast<uint32_t>(size));
        const std::vector<int64_t> dimensions{1};
        expect_near(fourier_transform(context_, self, dimensions, scale, forward),
                    *reference::fourier_transform(context_, self, dimensions, scale, forward),
                    1e-5 * static_cast<double>(size));
      }
    }
  }
}

TEST_F(Spectral, SeveralDimensionsOfAnyStrides) {
  const Tensor self = permuted(noise<Complex>({5, 4, 6}, 1), {2, 0, 1});
  for (const std::vector<int64_t>& dimensions : {std::vector<int64_t>{0, 2}, {2, 0, 1}, {-1}}) {
    expect_near(fourier_transform(context_, self, dimensions, FourierScale::kBySize, true),
                *reference::fourier_transform(context_, self, dimensions, FourierScale::kBySize, true));
  }
}

TEST_F(Spectral, RealSignalsHaveHalfTheFrequenciesAndComeBack) {
  for (const int64_t size : {1, 2, 5, 6, 9, 16}) {
    const Tensor self = noise<float>({3, size, 4}, static_cast<uint32_t>(size));
    const std::vector<int64_t> dimensions{0, 1};
    const auto half = fourier_transform_of_real(context_, self, dimensions, FourierScale::kNone, true);
    ASSERT_TRUE(half.ok());
    EXPECT_EQ(half->size(1), size / 2 + 1);
    const auto back = fourier_transform_to_real(context_, *half, dimensions, FourierScale::kBySize, size);
    expect_tensor(back, {3, size, 4}, values_of<float>(self), 1e-5);
  }
}

TEST_F(Spectral, WhatDoesNotFitIsRefused) {
  const std::vector<int64_t> twice{0, 0};
  const std::vector<int64_t> beyond{3};
  const std::vector<int64_t> first{0};
  const Tensor complex = noise<Complex>({4}, 1);
  expect_refused(fourier_transform(context_, complex, twice, FourierScale::kNone, true), "twice");
  expect_refused(fourier_transform(context_, complex, beyond, FourierScale::kNone, true), "3");
  expect_refused(fourier_transform(context_, noise<float>({4}, 1), first, FourierScale::kNone, true), "float32");
  expect_refused(fourier_transform_to_real(context_, complex, first, FourierScale::kNone, 9), "9 numbers");
  expect_refused(fourier_transform(context_, *Tensor::empty(DType::kComplex64, std::vector<int64_t>{0}), first,
                                   FourierScale::kNone, true),
                 "no elements");
}

}  // namespace
}  // namespace hearth
