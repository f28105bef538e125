#include "kernels/counting.h"

#include <limits>

#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

class Counting : public testing::Test {
 protected:
  TestContext team_{1};
  KernelContext context_ = team_.get();
};

TEST_F(Counting, UniqueValuesAscendAndSayWhereTheyCameFrom) {
  const Tensor self = permuted(tensor<float>({2, 3}, {3, 1, 2, 1, 3, 3}), {1, 0});  // [[3, 1], [1, 3], [2, 3]]
  const auto unique = unique_values(context_, self, std::nullopt, /*inverse=*/true, /*counts=*/true);
  ASSERT_TRUE(unique.ok());
  expect_tensor<float>(std::get<0>(*unique), {3}, {1, 2, 3});
  expect_tensor<int64_t>(std::get<1>(*unique), {3, 2}, {2, 0, 0, 2, 1, 2});
  expect_tensor<int64_t>(std::get<2>(*unique), {3}, {2, 1, 3});
}

TEST_F(Counting, NoNanEqualsAnother) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const auto unique = unique_values(context_, tensor<float>({4}, {kNan, 1, kNan, 1}), std::nullopt, false, true);
  ASSERT_TRUE(unique.ok());
  expect_tensor<float>(std::get<0>(*unique), {3}, {1, kNan, kNan});
  expect_tensor<int64_t>(std::get<1>(*unique), {0}, {});
  expect_tensor<int64_t>(std::get<2>(*unique), {3}, {2, 1, 1});
}

TEST_F(Counting, RunsKeepTheirOrder) {
  const auto unique = unique_runs(context_, tensor<int64_t>({6}, {5, 5, 2, 5, 5, 5}), std::nullopt, true, true);
  ASSERT_TRUE(unique.ok());
  expect_tensor<int64_t>(std::get<0>(*unique), {3}, {5, 2, 5});
  expect_tensor<int64_t>(std::get<1>(*unique), {6}, {0, 0, 1, 2, 2, 2});
  expect_tensor<int64_t>(std::get<2>(*unique), {3}, {2, 1, 3});
}

TEST_F(Counting, SlicesAreToldApartWhole) {
  const Tensor rows = tensor<int32_t>({4, 2}, {1, 2, 0, 5, 1, 2, 0, 3});
  const auto unique = unique_values(context_, rows, 0, true, true);
  ASSERT_TRUE(unique.ok());
  expect_tensor<int32_t>(std::get<0>(*unique), {3, 2}, {0, 3, 0, 5, 1, 2});
  expect_tensor<int64_t>(std::get<1>(*unique), {4}, {2, 1, 2, 0});
  expect_tensor<int64_t>(std::get<2>(*unique), {3}, {1, 1, 2});
  const auto columns = unique_values(context_, tensor<int32_t>({2, 3}, {7, 7, 1, 8, 8, 1}), -1, true, false);
  ASSERT_TRUE(columns.ok());
  expect_tensor<int32_t>(std::get<0>(*columns), {2, 2}, {1, 7, 1, 8});
  expect_tensor<int64_t>(std::get<1>(*columns), {3}, {1, 1, 0});
  const auto runs = unique_runs(context_, rows, 0, false, true);
  ASSERT_TRUE(runs.ok());
  EXPECT_EQ(std::get<0>(*runs).size(0), 4);
  EXPECT_EQ(std::get<0>(*unique_values(context_, tensor<float>({0, 3}, {}), 0, false, false)).size(1), 3);
  expect_refused(unique_values(context_, rows, 2, false, false), "unique");
}

TEST_F(Counting, BinsAreAsManyAsTheLargestNumberNeedsOrMore) {
  const Tensor numbers = tensor<int32_t>({3}, {2, 0, 2});
  expect_tensor<int64_t>(count_bins(context_, numbers, Tensor(), 0), {3}, {1, 0, 2});
  expect_tensor<int64_t>(count_bins(context_, numbers, Tensor(), 5), {5}, {1, 0, 2, 0, 0});
  expect_tensor<double>(count_bins(context_, numbers, tensor<int64_t>({3}, {1, 2, 3}), 0), {3}, {2, 0, 4});
  expect_tensor<int64_t>(count_bins(context_, tensor<int64_t>({0}, {}), Tensor(), 2), {2}, {0, 0});
}

TEST_F(Counting, WhatCannotBeCountedIsRefused) {
  expect_refused(count_bins(context_, tensor<int64_t>({2}, {1, -1}), Tensor(), 0), "negative");
  expect_refused(count_bins(context_, tensor<float>({1}, {1}), Tensor(), 0), "float32");
  expect_refused(count_bins(context_, tensor<int64_t>({1}, {INT64_MAX}), Tensor(), 0), "too large");
  expect_refused(count_bins(context_, tensor<int64_t>({2}, {1, 1}), tensor<float>({1}, {1}), 0), "weights");
}

}  // namespace
}  // namespace hearth
