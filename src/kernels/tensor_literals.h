#pragma once

#include <gtest/gtest.h>

#include <complex>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "kernels/cpu/kernel_test_support.h"
#include "kernels/strided_walk.h"
#include "tensor/float16.h"

namespace hearth {

template <typename T>
inline constexpr DType kDTypeOf = DType::kFloat32;
template <>
inline constexpr DType kDTypeOf<double> = DType::kFloat64;
template <>
inline constexpr DType kDTypeOf<int64_t> = DType::kInt64;
template <>
inline constexpr DType kDTypeOf<int32_t> = DType::kInt32;
template <>
inline constexpr DType kDTypeOf<int8_t> = DType::kInt8;
template <>
inline constexpr DType kDTypeOf<uint8_t> = DType::kUInt8;
template <>
inline constexpr DType kDTypeOf<bool> = DType::kBool;
template <>
inline constexpr DType kDTypeOf<BFloat16> = DType::kBFloat16;
template <>
inline constexpr DType kDTypeOf<Float16> = DType::kFloat16;
template <>
inline constexpr DType kDTypeOf<std::complex<float>> = DType::kComplex64;

/// A row-major tensor with these elements.
template <typename T>
Tensor tensor(std::vector<int64_t> shape, std::initializer_list<T> values) {
  Tensor made = *Tensor::empty(kDTypeOf<T>, shape);
  EXPECT_EQ(static_cast<size_t>(made.element_count()), values.size());
  std::copy(values.begin(), values.end(), made.data_as<T>());
  return made;
}

/// Elements 0, 1, 2...
template <typename T>
Tensor counting(std::vector<int64_t> shape) {
  Tensor made = *Tensor::empty(kDTypeOf<T>, shape);
  for (int64_t i = 0; i < made.element_count(); ++i) made.data_as<T>()[i] = static_cast<T>(static_cast<float>(i));
  return made;
}

/// The elements in row-major order, whatever the strides.
template <typename T>
std::vector<T> values_of(const Tensor& tensor) {
  EXPECT_EQ(tensor.dtype(), kDTypeOf<T>);
  std::vector<T> values;
  StridedWalk<1>(tensor.shape(), {tensor.strides()}).run([&](int64_t, const auto& at) {
    values.push_back(tensor.data_as<T>()[at[0]]);
  });
  return values;
}

/// Expects a tensor of this shape and these elements; NaN equals NaN.
template <typename T>
void expect_tensor(const Result<Tensor>& actual, const std::vector<int64_t>& shape, const std::vector<T>& expected,
                   double tolerance = 1e-6) {
  ASSERT_TRUE(actual.ok()) << actual.status().message();
  EXPECT_EQ(std::vector(actual->shape().begin(), actual->shape().end()), shape);
  const std::vector<T> values = values_of<T>(*actual);
  ASSERT_EQ(values.size(), expected.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] == expected[i] || (values[i] != values[i] && expected[i] != expected[i])) continue;
    if constexpr (std::is_arithmetic_v<T>) {
      EXPECT_NEAR(static_cast<double>(values[i]), static_cast<double>(expected[i]), tolerance) << "element " << i;
    } else {
      ADD_FAILURE() << "element " << i << " differs";
    }
  }
}

inline std::vector<int64_t> strides_of(const Tensor& tensor) {
  return {tensor.strides().begin(), tensor.strides().end()};
}

/// The tensor with its dimensions in another order.
inline Tensor permuted(const Tensor& tensor, const std::vector<int64_t>& order) {
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;
  for (const int64_t d : order) {
    shape.push_back(tensor.size(static_cast<int>(d)));
    strides.push_back(tensor.stride(static_cast<int>(d)));
  }
  return *Tensor::view(tensor.storage(), tensor.dtype(), shape, strides, tensor.offset());
}

/// Expects kInvalidArgument with `part` in its message.
template <typename T>
void expect_refused(const T& result, std::string_view part) {
  const Status status = [&] {
    if constexpr (std::is_same_v<T, Status>)
      return result;
    else
      return result.status();
  }();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
}

}  // namespace hearth
