#include "kernels/sorting.h"

#include <limits>

#include "kernels/scan.h"
#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

class Sorting : public testing::Test {
 protected:
  /// Checks values and positions, of a result of rank 1.
  static void expect_lines(const Result<SortedLines>& actual, const std::vector<float>& values,
                           const std::vector<int64_t>& positions) {
    ASSERT_TRUE(actual.ok()) << actual.status().message();
    expect_tensor<float>(actual->first, {static_cast<int64_t>(values.size())}, values);
    expect_tensor<int64_t>(actual->second, {static_cast<int64_t>(positions.size())}, positions);
  }

  TestContext team_{2};
  KernelContext context_ = team_.get();
  const Tensor ties_ = tensor<float>({6}, {2, kNan, 1, 2, -kInfinity, kNan});
};

TEST_F(Sorting, SortsStablyWithNanLargest) {
  expect_lines(sort(context_, ties_, 0, false), {-kInfinity, 1, 2, 2, kNan, kNan}, {4, 2, 0, 3, 1, 5});
  expect_lines(sort(context_, ties_, 0, true), {kNan, kNan, 2, 2, 1, -kInfinity}, {1, 5, 0, 3, 2, 4});
}

TEST_F(Sorting, SortsAnyDimensionAndKeepsTheOrderInMemory) {
  const Tensor x = permuted(tensor<float>({2, 3}, {3, 1, 2, 0, 5, 4}), {1, 0});  // [[3, 0], [1, 5], [2, 4]]
  const auto sorted = sort(context_, x, 0, false);
  ASSERT_TRUE(sorted.ok());
  expect_tensor<float>(sorted->first, {3, 2}, {1, 0, 2, 4, 3, 5});
  expect_tensor<int64_t>(sorted->second, {3, 2}, {1, 0, 2, 2, 0, 1});
  EXPECT_EQ(strides_of(sorted->first), strides_of(x));
}

TEST_F(Sorting, SortsScalarsAndEmptyTensors) {
  EXPECT_EQ(sort(context_, tensor<float>({}, {5}), -1, false)->first.rank(), 0);
  EXPECT_EQ(sort(context_, counting<float>({0, 3}), 0, false)->first.element_count(), 0);
  expect_refused(sort(context_, ties_, 1, false), "dimension 1");
}

TEST_F(Sorting, TakesTheLargestAndTheSmallest) {
  expect_lines(top_k(context_, ties_, 3, 0, true), {kNan, kNan, 2}, {1, 5, 0});
  expect_lines(top_k(context_, ties_, 3, -1, false), {-kInfinity, 1, 2}, {4, 2, 0});
  expect_lines(top_k(context_, ties_, 0, 0, true), {}, {});
  expect_refused(top_k(context_, ties_, 7, 0, true), "k is 7");
}

TEST_F(Sorting, FindsTheKthValueAndTheMode) {
  const auto kept = kth_value(context_, ties_, 2, 0, true);
  expect_lines(kept, {1}, {2});
  EXPECT_EQ(kth_value(context_, ties_, 2, 0, false)->first.rank(), 0);
  expect_refused(kth_value(context_, ties_, 0, 0, false), "k is 0");
  expect_lines(mode(context_, tensor<float>({5}, {3, 1, 3, 1, 2}), 0, true), {1}, {3});
}

TEST_F(Sorting, TakesTheLowerMedian) {
  expect_tensor<float>(median(context_, tensor<float>({4}, {4, 1, 3, 2}), false), {}, {2});
  expect_tensor<float>(median(context_, ties_, false), {}, {kNan});
  expect_tensor<float>(median(context_, ties_, true), {}, {1});
  expect_tensor<float>(median(context_, counting<float>({0}), false), {}, {kNan});
}

TEST_F(Sorting, TakesTheLowerMedianOfLines) {
  const Tensor lines = tensor<float>({2, 4}, {4, 1, 3, 2, 7, kNan, 5, kNan});
  const auto all = median_of_lines(context_, lines, 1, /*keep_dimension=*/false, /*leave_out_nan=*/false);
  ASSERT_TRUE(all.ok());
  expect_tensor<float>(all->first, {2}, {2, kNan});
  expect_tensor<int64_t>(all->second, {2}, {3, 1});
  const auto numbers = median_of_lines(context_, lines, -1, /*keep_dimension=*/true, /*leave_out_nan=*/true);
  ASSERT_TRUE(numbers.ok());
  expect_tensor<float>(numbers->first, {2, 1}, {2, 5});
  expect_tensor<int64_t>(numbers->second, {2, 1}, {3, 2});
  expect_refused(median_of_lines(context_, tensor<float>({2, 0}, {}), 1, false, false), "empty");
}

TEST_F(Sorting, SearchesOnBothSidesOfEqualValues) {
  const Tensor sequence = tensor<float>({4}, {1, 2, 2, 3});
  const Tensor wanted = tensor<float>({5}, {0, 2, 2.5F, 3, kNan});
  expect_tensor<int64_t>(search_sorted(context_, sequence, wanted, false, false, {}), {5}, {0, 1, 3, 3, 4});
  expect_tensor<int32_t>(search_sorted(context_, sequence, wanted, true, true, {}), {5}, {0, 3, 3, 4, 4});
  const Tensor shuffled = tensor<float>({4}, {3, 2, 1, 2});
  const Tensor sorter = tensor<int64_t>({4}, {2, 1, 3, 0});
  expect_tensor<int64_t>(search_sorted(context_, shuffled, wanted, false, false, sorter), {5}, {0, 1, 3, 3, 4});
  expect_refused(search_sorted(context_, shuffled, wanted, false, false, tensor<int64_t>({4}, {0, 1, 2, 4})),
                 "outside of its line");
}

TEST_F(Sorting, SearchesALineForEachRow) {
  const Tensor lines = tensor<float>({2, 2}, {1, 3, 10, 30});
  expect_tensor<int64_t>(search_sorted(context_, lines, tensor<float>({2, 1}, {2, 40}), false, false, {}), {2, 1},
                         {1, 2});
  expect_refused(search_sorted(context_, lines, counting<float>({3, 1}), false, false, {}), "do not fit");
}

TEST_F(Sorting, CountsInBins) {
  const Tensor x = tensor<float>({6}, {0, 1, 1.5F, 2, 9, kNan});
  expect_tensor<float>(histogram(context_, x, 2, 0, 2), {2}, {1, 3});
  expect_tensor<float>(histogram(context_, tensor<float>({3}, {1, 2, 3}), 2, 0, 0), {2}, {1, 2});
  expect_refused(histogram(context_, x, 0, 0, 1), "0 bins");
  expect_refused(histogram(context_, tensor<float>({1}, {kInfinity}), 2, 0, 0), "not finite");
}

TEST_F(Sorting, AccumulatesAlongAnyDimension) {
  const Tensor x = counting<float>({2, 3});
  expect_tensor<float>(cumulative_sum(context_, x, 1, {}), {2, 3}, {0, 1, 3, 3, 7, 12});
  expect_tensor<float>(cumulative_product(context_, x, 0, {}), {2, 3}, {0, 1, 2, 0, 4, 10});
  expect_tensor<float>(cumulative_sum(context_, permuted(x, {1, 0}), 0, {}), {3, 2}, {0, 3, 1, 7, 3, 12});
  expect_tensor<int64_t>(cumulative_sum(context_, tensor<bool>({3}, {true, true, false}), 0, {}), {3}, {1, 2, 2});
  expect_tensor<double>(cumulative_sum(context_, x, 1, DType::kFloat64), {2, 3}, {0, 1, 3, 3, 7, 12});
  expect_tensor<float>(cumulative_sum(context_, tensor<float>({}, {4}), 0, {}), {}, {4});
  expect_refused(cumulative_sum(context_, x, 2, {}), "dimension 2");
}

TEST_F(Sorting, AddsManySmallNumbersExactlyEnough) {
  Tensor x = *Tensor::empty(DType::kFloat32, std::vector<int64_t>{200000});
  std::fill_n(x.data_as<float>(), 200000, 0.1F);
  const Tensor sums = *cumulative_sum(context_, x, 0, {});
  EXPECT_NEAR(sums.data_as<float>()[199999], 20000, 0.01);
}

TEST_F(Sorting, AddsExponentialsWithoutOverflow) {
  expect_tensor<float>(cumulative_logsumexp(context_, tensor<float>({3}, {-kInfinity, 1000, 1000}), 0), {3},
                       {-kInfinity, 1000, 1000.6931F}, 1e-3);
}

TEST_F(Sorting, KeepsRunningExtremesWithTheirLastPosition) {
  const Tensor x = tensor<float>({5}, {1, 3, 3, kNan, 9});
  expect_lines(cumulative_maximum(context_, x, 0), {1, 3, 3, kNan, kNan}, {0, 1, 2, 3, 3});
  expect_lines(cumulative_minimum(context_, tensor<float>({3}, {2, 2, 5}), 0), {2, 2, 2}, {0, 1, 1});
}

}  // namespace
}  // namespace hearth
