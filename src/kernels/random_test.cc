#include "kernels/random.h"

#include <numeric>

#include "kernels/philox.h"
#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

class Random : public testing::Test {
 protected:
  void SetUp() override { set_seed(1234); }

  Tensor drawn(int64_t count, Status (*fill)(const KernelContext&, const Tensor&, double, double), double a, double b,
               DType dtype = DType::kFloat64) {
    const Tensor tensor = *Tensor::empty(dtype, std::vector{count});
    EXPECT_TRUE(fill(context_, tensor, a, b).ok());
    return tensor;
  }

  TestContext team_{2};
  KernelContext context_ = team_.get();
};

TEST(Philox, MatchesThePublishedVectors) {
  // From the known-answer tests of Random123.
  constexpr uint32_t kOnes = 0xFFFFFFFFU;
  EXPECT_EQ(Philox(0)(Philox::Block{}), (Philox::Block{0x6627E8D5U, 0xE169C58DU, 0xBC57AC4CU, 0x9B00DBD8U}));
  EXPECT_EQ(Philox(~uint64_t{0})(Philox::Block{kOnes, kOnes, kOnes, kOnes}),
            (Philox::Block{0x408F276DU, 0x41C83B0EU, 0xA20BC7C6U, 0x6D5451FDU}));
}

TEST_F(Random, DependsOnTheSeedAndNotOnThreads) {
  const auto draw = [](int threads) {
    TestContext context(threads);
    set_seed(7);
    const Tensor tensor = *Tensor::empty(DType::kFloat32, std::vector<int64_t>{50000});
    EXPECT_TRUE(fill_normal(context.get(), tensor, 0, 1).ok());
    return values_of<float>(tensor);
  };
  const std::vector<float> first = draw(1);
  EXPECT_EQ(first, draw(2));
  TestContext context(1);
  const Tensor next = *Tensor::empty(DType::kFloat32, std::vector<int64_t>{50000});
  ASSERT_TRUE(fill_normal(context.get(), next, 0, 1).ok());
  EXPECT_NE(first, values_of<float>(next));
}

TEST_F(Random, IsUniformOverItsRangeAndNeverReachesTheEnd) {
  for (const DType dtype : {DType::kFloat64, DType::kFloat32, DType::kFloat16, DType::kBFloat16}) {
    const Tensor tensor = *Tensor::empty(dtype, std::vector<int64_t>{100000});
    ASSERT_TRUE(fill_uniform(context_, tensor, 0, 1).ok());
    double sum = 0;
    double most = 0;
    for (int64_t i = 0; i < 100000; ++i) {
      const double value = dtype == DType::kFloat64   ? tensor.data_as<double>()[i]
                           : dtype == DType::kFloat32 ? static_cast<double>(tensor.data_as<float>()[i])
                           : dtype == DType::kFloat16 ? static_cast<double>(tensor.data_as<Float16>()[i])
                                                      : static_cast<double>(tensor.data_as<BFloat16>()[i]);
      sum += value;
      most = std::max(most, value);
    }
    EXPECT_NEAR(sum / 100000, 0.5, 0.01) << dtype_name(dtype);
    EXPECT_LT(most, 1) << dtype_name(dtype);
  }
}

TEST_F(Random, HasTheMomentsOfItsDistributions) {
  const auto moments = [](const Tensor& tensor) {
    const std::vector<double> values = values_of<double>(tensor);
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    double variance = 0;
    for (const double value : values) variance += (value - mean) * (value - mean);
    return std::pair(mean, variance / static_cast<double>(values.size()));
  };
  const auto [mean, variance] = moments(drawn(200000, fill_normal, 3, 2));
  EXPECT_NEAR(mean, 3, 0.03);
  EXPECT_NEAR(variance, 4, 0.1);
  const Tensor exponential = *Tensor::empty(DType::kFloat64, std::vector<int64_t>{200000});
  ASSERT_TRUE(fill_exponential(context_, exponential, 4).ok());
  EXPECT_NEAR(moments(exponential).first, 0.25, 0.005);
}

TEST_F(Random, DrawsEveryWholeNumberOfItsRange) {
  const Tensor tensor = *Tensor::empty(DType::kInt64, std::vector<int64_t>{8000});
  ASSERT_TRUE(fill_integers(context_, tensor, -3, 5).ok());
  std::array<int, 8> counts{};
  for (const int64_t value : values_of<int64_t>(tensor)) ++counts.at(static_cast<size_t>(value + 3));
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
  ASSERT_TRUE(
      fill_integers(context_, tensor, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()).ok());
  expect_refused(fill_integers(context_, tensor, 5, 5), "no whole number");
}

TEST_F(Random, FollowsProbabilities) {
  const Tensor coins = *Tensor::empty(DType::kInt64, std::vector<int64_t>{2, 10000});
  ASSERT_TRUE(fill_bernoulli(context_, coins, tensor<float>({2, 1}, {0, 1})).ok());
  const std::vector<int64_t> values = values_of<int64_t>(coins);
  EXPECT_EQ(std::accumulate(values.begin(), values.begin() + 10000, 0), 0);
  EXPECT_EQ(std::accumulate(values.begin() + 10000, values.end(), 0), 10000);
  ASSERT_TRUE(fill_bernoulli(context_, coins, 0.25).ok());
  const std::vector<int64_t> quarter = values_of<int64_t>(coins);
  EXPECT_NEAR(std::accumulate(quarter.begin(), quarter.end(), 0), 5000, 250);
  expect_refused(fill_bernoulli(context_, coins, 1.5), "p is 1.5");
}

TEST_F(Random, PermutesAllNumbers) {
  std::vector<int64_t> values = values_of<int64_t>(*random_permutation(context_, 1000, DType::kInt64));
  EXPECT_FALSE(std::ranges::is_sorted(values));
  std::ranges::sort(values);
  for (int64_t i = 0; i < 1000; ++i) ASSERT_EQ(values[static_cast<size_t>(i)], i);
  EXPECT_EQ(random_permutation(context_, 0, DType::kInt32)->element_count(), 0);
}

}  // namespace
}  // namespace hearth
