#include "tensor/copy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "tensor/float16.h"
#include "tensor/layout.h"
#include "tensor/testing/make_tensor.h"
#include "tensor/visit_dtype.h"

namespace hearth {
namespace {

using testing::make_tensor;
using testing::Sizes;

constexpr uint32_t kSeed = 1234;

/// A tensor of these strides whose storage is full of random bytes.
Tensor random_tensor(DType dtype, const Sizes& shape, const Sizes& strides, std::mt19937& random) {
  Tensor tensor = Tensor::empty_strided(dtype, shape, strides).value();
  for (size_t i = 0; i < tensor.storage()->size(); ++i) {
    tensor.storage()->data()[i] = static_cast<std::byte>(dtype == DType::kBool ? random() % 2 : random() % 256);
  }
  return tensor;
}

std::vector<std::byte> storage_bytes_of(const Tensor& tensor) {
  return {tensor.storage()->data(), tensor.storage()->data() + tensor.storage()->size()};
}

TEST(CopyStrided, MovesEveryElementAndTouchesNoGap) {
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::mt19937 random(kSeed);
  const DType dtypes[] = {DType::kInt8, DType::kBFloat16, DType::kFloat32, DType::kComplex64, DType::kComplex128};
  for (int round = 0; round < 1500; ++round) {
    const DType dtype = dtypes[random() % std::size(dtypes)];
    const Sizes shape = testing::random_shape(random);
    Sizes source_strides = testing::random_strides(shape, random);
    for (int64_t& stride : source_strides) stride = random() % 5 == 0 ? 0 : stride;
    const Tensor from = random_tensor(dtype, shape, source_strides, random);
    const Tensor to = random_tensor(dtype, shape, testing::random_strides(shape, random), random);
    const auto size = static_cast<int64_t>(dtype_bits(dtype) / 8);
    std::vector<std::byte> expected = storage_bytes_of(to);
    testing::for_each_index(shape, [&](std::span<const int64_t> index) {
      std::memcpy(expected.data() + testing::offset_of(index, to.strides()) * size,
                  from.storage()->data() + testing::offset_of(index, from.strides()) * size, static_cast<size_t>(size));
    });
    const Status status = copy_strided(to, from);
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_EQ(storage_bytes_of(to), expected)
        << describe(to) << describe_shape(to.strides()) << " from " << describe_shape(from.strides());
  }
}

/// One value converted; the result as a double.
template <typename From>
double convert(DType from, From value, DType to) {
  const Tensor source = make_tensor<From>(from, {1}, {value});
  const Tensor target = Tensor::empty(to, Sizes{1}).value();
  EXPECT_TRUE(copy_strided(target, source).ok());
  return *visit_real_dtype(
      to, [&]<typename To>(TypeTag<To>) -> Result<double> { return static_cast<double>(*target.data_as<To>()); });
}

constexpr DType kRealDTypes[] = {DType::kUInt8,   DType::kInt8,    DType::kInt16,   DType::kInt32, DType::kInt64,
                                 DType::kFloat16, DType::kFloat32, DType::kFloat64, DType::kBool,  DType::kBFloat16,
                                 DType::kUInt16,  DType::kUInt32,  DType::kUInt64};

TEST(CopyStrided, ConvertsBetweenAllRealDTypes) {
  for (const DType from : kRealDTypes) {
    for (const DType to : kRealDTypes) {
      const Tensor numbers = make_tensor<double>(DType::kFloat64, {2, 3}, {0, 1, 2, 3, 100, 0});
      const Tensor source = Tensor::empty(from, Sizes{2, 3}).value();
      const Tensor target = Tensor::empty(to, Sizes{2, 3}).value();
      const Tensor back = Tensor::empty(DType::kFloat64, Sizes{2, 3}).value();
      ASSERT_TRUE(copy_strided(source, numbers).ok());
      ASSERT_TRUE(copy_strided(target, source).ok()) << dtype_name(from) << dtype_name(to);
      ASSERT_TRUE(copy_strided(back, target).ok());
      const bool truth = from == DType::kBool || to == DType::kBool;
      for (int i = 0; i < 6; ++i) {
        const double value = numbers.data_as<double>()[i];
        EXPECT_EQ(back.data_as<double>()[i], truth ? (value != 0 ? 1 : 0) : value)
            << dtype_name(from) << " to " << dtype_name(to);
      }
    }
  }
}

TEST(CopyStrided, ConvertsFloatsToIntegersAsPyTorchDoes) {
  struct Case {
    double value;
    DType to;
    double expected;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Case cases[] = {{-1.9, DType::kInt32, -1},
                        {1.9, DType::kUInt8, 1},
                        {-1, DType::kUInt8, 255},
                        {300, DType::kInt8, 44},
                        {300, DType::kUInt8, 44},
                        {2147483647, DType::kInt32, 2147483647},
                        {-2147483648.0, DType::kInt32, -2147483648.0},
                        {-2147483648.9, DType::kInt32, -2147483648.0},
                        {3e9, DType::kInt32, -2147483648.0},
                        {nan, DType::kInt32, -2147483648.0},
                        {INFINITY, DType::kInt32, -2147483648.0},
                        {nan, DType::kInt8, 0},
                        {3e9, DType::kUInt32, 3e9},
                        {5e9, DType::kUInt32, 705032704},
                        {-0x1p63, DType::kInt64, -0x1p63},
                        {0x1p63, DType::kInt64, -0x1p63},
                        {nan, DType::kInt64, -0x1p63},
                        {1e19, DType::kUInt64, 1e19},
                        {0x1p63, DType::kUInt64, 0x1p63},
                        {nan, DType::kUInt64, 0x1p63},
                        {nan, DType::kBool, 1},
                        {0.25, DType::kBool, 1},
                        {-0.0, DType::kBool, 0}};
  for (const Case& c : cases) {
    EXPECT_EQ(convert(DType::kFloat64, c.value, c.to), c.expected) << c.value << " to " << dtype_name(c.to);
  }
  EXPECT_EQ(convert(DType::kFloat32, 3e9F, DType::kInt32), -2147483648.0);
  EXPECT_EQ(convert(DType::kFloat16, Float16(-3.5F), DType::kInt64), -3);
}

TEST(CopyStrided, ConvertsIntegersAndFloats) {
  EXPECT_EQ(convert(DType::kInt64, int64_t{-1}, DType::kUInt16), 65535);
  EXPECT_EQ(convert(DType::kInt32, 1 << 20, DType::kFloat16), INFINITY);
  EXPECT_EQ(convert(DType::kFloat64, 1e300, DType::kFloat32), INFINITY);
  EXPECT_EQ(convert(DType::kFloat32, 1.0F + 0x1p-9F, DType::kBFloat16), 1.0);
  EXPECT_TRUE(std::isnan(convert(DType::kFloat32, NAN, DType::kFloat16)));
  EXPECT_EQ(convert(DType::kBool, uint8_t{1}, DType::kFloat16), 1);
}

TEST(CopyStrided, RefusesWhatDoesNotFit) {
  const Tensor pair = make_tensor<float>(DType::kFloat32, {2}, {1, 2});
  const Tensor triple = make_tensor<float>(DType::kFloat32, {3}, {1, 2, 3});
  const Tensor packed = Tensor::empty(DType::kInt4, Sizes{2}).value();
  const Tensor spread = Tensor::empty_strided(DType::kInt4, Sizes{2}, Sizes{2}).value();
  const std::pair<Tensor, Tensor> cases[] = {{pair, triple},   {triple, pair},   {pair, packed},
                                             {packed, pair},   {packed, spread}, {spread, packed},
                                             {pair, Tensor()}, {Tensor(), pair}, {Tensor(), Tensor()}};
  for (const auto& [to, from] : cases) {
    EXPECT_EQ(copy_strided(to, from).code(), StatusCode::kInvalidArgument)
        << describe(to) << " from " << describe(from);
  }
}

TEST(CopyStrided, CopiesPackedElementsWhole) {
  const Tensor from = make_tensor<uint8_t>(DType::kInt4, {2, 3}, {0x21, 0x43, 0x65});
  const Tensor to = Tensor::empty(DType::kInt4, Sizes{2, 3}).value();
  ASSERT_TRUE(copy_strided(to, from).ok());
  EXPECT_EQ(storage_bytes_of(to), storage_bytes_of(from));
}

TEST(CopyStrided, TakesEmptyTensorsWithoutMemory) {
  for (const DType dtype : {DType::kFloat32, DType::kInt4}) {
    const Tensor nothing = Tensor::borrow(dtype, Sizes{3, 0}, nullptr).value();
    EXPECT_TRUE(copy_strided(nothing, nothing).ok());
    EXPECT_TRUE(fill_zero(nothing).ok());
  }
}

TEST(ExpandTo, BroadcastsAsPyTorchDoes) {
  struct Case {
    Sizes from;
    Sizes to;
    bool good;
  };
  const Case cases[] = {
      {{3}, {2, 3}, true},    {{2, 1}, {2, 3}, true},     {{}, {2, 3}, true},
      {{1}, {0}, true},       {{1, 1}, {4, 1}, true},     {{0}, {2, 0}, true},
      {{2, 3}, {2, 3}, true}, {{2}, {3}, false},          {{0}, {1}, false},
      {{2, 3}, {3}, false},   {{3, 1}, {3}, false},       {{1}, {-1}, false},
      {{3}, {2, -3}, false},  {{1}, Sizes(17, 1), false}, {{1}, {int64_t{1} << 40, int64_t{1} << 40}, false}};
  for (const Case& c : cases) {
    std::mt19937 random(kSeed);
    const Tensor tensor = random_tensor(DType::kInt16, c.from, testing::random_strides(c.from, random), random);
    const auto expanded = expand_to(tensor, c.to);
    ASSERT_EQ(expanded.ok(), c.good) << describe_shape(c.from) << " to " << describe_shape(c.to);
    if (!expanded.ok()) {
      EXPECT_EQ(expanded.status().code(), StatusCode::kInvalidArgument);
      continue;
    }
    const size_t missing = c.to.size() - c.from.size();
    testing::for_each_index(c.to, [&](std::span<const int64_t> index) {
      int64_t source = 0;
      for (size_t i = 0; i < c.from.size(); ++i) {
        source += (c.from[i] == 1 ? 0 : index[missing + i]) * tensor.strides()[i];
      }
      EXPECT_EQ(testing::offset_of(index, expanded->strides()), source);
    });
    EXPECT_EQ(expanded->data(), tensor.data());
  }
  EXPECT_FALSE(expand_to(Tensor(), Sizes{2}).ok());
}

TEST(CopyStrided, ConvertsToAndFromComplexNumbers) {
  const Tensor real = make_tensor<int64_t>(DType::kInt64, Sizes{2}, {3, -4});
  const Tensor complex = Tensor::empty_strided(DType::kComplex64, Sizes{2}, Sizes{3}).value();
  const Tensor wide = Tensor::empty(DType::kComplex128, Sizes{2}).value();
  const Tensor back = Tensor::empty(DType::kFloat32, Sizes{2}).value();
  ASSERT_TRUE(copy_strided(complex, real).ok());
  ASSERT_TRUE(copy_strided(wide, complex).ok());
  const std::vector<double> parts(wide.data_as<double>(), wide.data_as<double>() + 4);
  EXPECT_EQ(parts, (std::vector<double>{3, 0, -4, 0}));
  wide.data_as<double>()[1] = 7;
  ASSERT_TRUE(copy_strided(back, wide).ok());
  EXPECT_EQ(back.data_as<float>()[0], 3);
  EXPECT_EQ(back.data_as<float>()[1], -4);
}

TEST(FillZero, ClearsTheElementsAndNoGap) {
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::mt19937 random(kSeed);
  for (int round = 0; round < 300; ++round) {
    const Sizes shape = testing::random_shape(random);
    const Tensor tensor = random_tensor(DType::kFloat32, shape, testing::random_strides(shape, random), random);
    std::vector<std::byte> expected = storage_bytes_of(tensor);
    testing::for_each_index(shape, [&](std::span<const int64_t> index) {
      std::memset(expected.data() + testing::offset_of(index, tensor.strides()) * 4, 0, 4);
    });
    ASSERT_TRUE(fill_zero(tensor).ok());
    ASSERT_EQ(storage_bytes_of(tensor), expected) << describe(tensor) << describe_shape(tensor.strides());
  }
  EXPECT_FALSE(fill_zero(Tensor::empty_strided(DType::kInt4, Sizes{2}, Sizes{2}).value()).ok());
  EXPECT_FALSE(fill_zero(Tensor()).ok());
}

}  // namespace
}  // namespace hearth
