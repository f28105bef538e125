#include "tensor/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <limits>

#include "tensor/testing/make_tensor.h"

namespace hearth {
namespace {

using testing::make_tensor;
using testing::Sizes;

Tensor doubles(const std::vector<double>& values) {
  return make_tensor<double>(DType::kFloat64, {static_cast<int64_t>(values.size())}, values);
}

Comparison compare_numbers(double actual, double expected, double atol, double rtol) {
  return *compare(doubles({actual}), doubles({expected}), atol, rtol);
}

TEST(Compare, JudgesOnePair) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInf = std::numeric_limits<double>::infinity();
  struct Case {
    double actual;
    double expected;
    double atol;
    double rtol;
    bool same;
    double max_abs;
    double max_rel;
  };
  const Case cases[] = {{1, 1, 0, 0, true, 0, 0},
                        {0.0, -0.0, 0, 0, true, 0, 0},
                        {1.5, 1, 0.5, 0, true, 0.5, 0.5},
                        {1.5, 1, 0.25, 0, false, 0.5, 0.5},
                        {0.5, 1, 0.25, 0, false, 0.5, 0.5},
                        {110, 100, 0, 0.125, true, 10, 0.1},
                        {110, -100, 0, 0.125, false, 210, 2.1},
                        {-12, -8, 2, 0.25, true, 4, 0.5},
                        {0.5, 0, 0, 100, false, 0.5, 0},
                        {kNan, kNan, 0, 0, true, 0, 0},
                        {kNan, 1, 1e9, 1e9, false, kInf, kInf},
                        {1, kNan, 1e9, 1e9, false, kInf, 0},
                        {kInf, kInf, 0, 0, true, 0, 0},
                        {-kInf, -kInf, 0, 0, true, 0, 0},
                        {kInf, -kInf, 1e9, 1e9, false, kInf, 0},
                        {1, kInf, 1e9, 1e9, false, kInf, 0},
                        {kInf, 1, 1e9, 1e9, false, kInf, kInf},
                        {kInf, kNan, 0, 0, false, kInf, 0}};
  for (const Case& c : cases) {
    SCOPED_TRACE(::testing::Message() << c.actual << " for " << c.expected);
    const Comparison result = compare_numbers(c.actual, c.expected, c.atol, c.rtol);
    EXPECT_EQ(result.elements, 1);
    EXPECT_EQ(result.mismatches, c.same ? 0 : 1);
    EXPECT_EQ(result.max_abs, c.max_abs);
    EXPECT_DOUBLE_EQ(result.max_rel, c.max_rel);
  }
}

TEST(Compare, SaysWhereItIsWorst) {
  std::vector<float> values(24, 1.0F);
  const Tensor expected = make_tensor<float>(DType::kFloat32, {2, 3, 4}, values);
  values[5] = 1.25F;
  values[18] = 3.0F;
  const Comparison result = *compare(make_tensor<float>(DType::kFloat32, {2, 3, 4}, values), expected, 0.1, 0.1);
  EXPECT_EQ(result.elements, 24);
  EXPECT_EQ(result.mismatches, 2);
  EXPECT_EQ(result.worst_index, (Sizes{1, 1, 2}));
  EXPECT_EQ(result.worst_actual, 3.0);
  EXPECT_EQ(result.worst_expected, 1.0);
}

TEST(Compare, PutsAMismatchBeforeALargerDifferenceThatIsAllowed) {
  const Comparison result = *compare(doubles({1010, 0.5}), doubles({1000, 0.25}), 0.125, 0.125);
  EXPECT_EQ(result.mismatches, 1);
  EXPECT_EQ(result.max_abs, 10);
  EXPECT_EQ(result.worst_index, Sizes{1});
}

TEST(Compare, NamesTheLargestDifferenceWhenAllIsWell) {
  const Comparison result = *compare(doubles({0, 101, 5.5}), doubles({0, 100, 5}), 1, 0.5);
  EXPECT_EQ(result.mismatches, 0);
  EXPECT_EQ(result.worst_index, Sizes{1});
  EXPECT_EQ(result.worst_actual, 101);
}

TEST(Compare, WalksAnyStrides) {
  const Tensor rows = make_tensor<int32_t>(DType::kInt32, {2, 3}, {0, 1, 2, 3, 4, 5});
  const Tensor columns = make_tensor<int32_t>(DType::kInt32, {3, 2}, {0, 3, 1, 4, 2, 6});
  const Tensor turned = Tensor::view(columns.storage(), DType::kInt32, Sizes{2, 3}, Sizes{1, 2}, 0).value();
  const Comparison result = *compare(turned, rows, 0, 0);
  EXPECT_EQ(result.mismatches, 1);
  EXPECT_EQ(result.worst_index, (Sizes{1, 2}));
}

TEST(Compare, SeparatesIntegersThatOneDoubleStandsFor) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  const auto distance = [](int64_t actual, int64_t expected) {
    return compare(make_tensor<int64_t>(DType::kInt64, {}, {actual}),
                   make_tensor<int64_t>(DType::kInt64, {}, {expected}), 0, 0)
        ->max_abs;
  };
  EXPECT_EQ(distance(kMost, kMost - 1), 1);
  EXPECT_EQ(distance(kMost - 1, kMost), 1);
  EXPECT_EQ(distance(kLeast, kMost), 0x1p64);
  EXPECT_EQ(distance(-3, 4), 7);
  EXPECT_EQ(distance(kMost, kMost), 0);
}

TEST(Compare, TakesBothPartsOfComplexNumbers) {
  const Tensor expected = make_tensor<double>(DType::kComplex128, {2}, {1, 2, 3, 4});
  const Tensor actual = make_tensor<double>(DType::kComplex128, {2}, {1, 2, 3, 5});
  const Comparison result = *compare(actual, expected, 0.5, 0);
  EXPECT_EQ(result.elements, 4);
  EXPECT_EQ(result.mismatches, 1);
  EXPECT_EQ(result.worst_index, Sizes{1});
  EXPECT_EQ(result.worst_actual, 5);
  EXPECT_EQ(compare(make_tensor<float>(DType::kComplex64, {1}, {1, 2}),
                    make_tensor<float>(DType::kComplex64, {1}, {1, 2}), 0, 0)
                ->mismatches,
            0);
}

TEST(Compare, HasNothingToSayAboutEmptyTensors) {
  const Tensor empty = Tensor::empty(DType::kFloat32, Sizes{2, 0}).value();
  const Comparison result = *compare(empty, empty, 0, 0);
  EXPECT_EQ(result.elements, 0);
  EXPECT_EQ(result.mismatches, 0);
}

TEST(Compare, RefusesDifferentKinds) {
  const Tensor tensor = make_tensor<float>(DType::kFloat32, {2}, {1, 2});
  const Tensor packed = Tensor::empty(DType::kInt4, Sizes{2}).value();
  const std::pair<Tensor, Tensor> cases[] = {{tensor, make_tensor<float>(DType::kFloat32, {1, 2}, {1, 2})},
                                             {tensor, make_tensor<int32_t>(DType::kInt32, {2}, {1, 2})},
                                             {packed, packed},
                                             {Tensor(), Tensor()}};
  for (const auto& [actual, expected] : cases) {
    const auto result = compare(actual, expected, 0, 0);
    ASSERT_FALSE(result.ok()) << describe(actual);
    EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(compare(cases[0].first, cases[0].second, 0, 0).status().message(),
            "it is float32[2], float32[1, 2] was expected");
}

}  // namespace
}  // namespace hearth
