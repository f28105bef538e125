#include <limits>

#include "kernels/distance.h"
#include "kernels/embedding.h"
#include "kernels/normalization.h"
#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class Layers : public testing::Test {
 protected:
  Result<EmbeddingBags> bags(const EmbeddingBagParameters& parameters, const Tensor& factors = {}) {
    return embedding_bag(context_, weight_, indices_, offsets_, factors, parameters);
  }

  TestContext team_{2};
  KernelContext context_ = team_.get();
  const Tensor weight_ = counting<float>({5, 2});
  const Tensor indices_ = tensor<int64_t>({4}, {0, 3, 4, 1});
  const Tensor offsets_ = tensor<int64_t>({3}, {0, 2, 2});
};

using Mode = EmbeddingBagParameters::Mode;

TEST_F(Layers, AddsAveragesAndMaximisesBags) {
  expect_tensor<float>(bags({.mode = Mode::kSum})->bags, {3, 2}, {6, 8, 0, 0, 10, 12});
  expect_tensor<float>(bags({.mode = Mode::kMean})->bags, {3, 2}, {3, 4, 0, 0, 5, 6});
  const auto maxima = bags({.mode = Mode::kMax});
  ASSERT_TRUE(maxima.ok());
  expect_tensor<float>(maxima->bags, {3, 2}, {6, 7, 0, 0, 8, 9});
  expect_tensor<int64_t>(maxima->maximum_indices, {3, 2}, {3, 3, 0, 0, 4, 4});
  expect_tensor<int64_t>(maxima->bag_sizes, {3}, {2, 0, 2});
  expect_tensor<int64_t>(maxima->bag_of_index, {4}, {0, 0, 2, 2});
}

TEST_F(Layers, HonoursPaddingFactorsAndTheLastOffset) {
  expect_tensor<float>(bags({.mode = Mode::kMean, .padding_index = 3})->bags, {3, 2}, {0, 1, 0, 0, 5, 6});
  expect_tensor<float>(bags({.mode = Mode::kSum}, tensor<float>({4}, {1, 2, 0, 1}))->bags, {3, 2},
                       {12, 15, 0, 0, 2, 3});
  expect_tensor<float>(bags({.mode = Mode::kSum, .include_last_offset = true})->bags, {2, 2}, {6, 8, 0, 0});
}

TEST_F(Layers, RefusesBagsThatDoNotFit) {
  const auto with = [&](const Tensor& indices, const Tensor& offsets) {
    return embedding_bag(context_, weight_, indices, offsets, {}, {});
  };
  expect_refused(with(tensor<int64_t>({1}, {5}), tensor<int64_t>({1}, {0})), "index 5 is out of bounds");
  expect_refused(with(indices_, tensor<int64_t>({2}, {0, 5})), "offset 5");
  expect_refused(with(indices_, tensor<int64_t>({3}, {0, 3, 2})), "offset 2");
  expect_refused(with(indices_, tensor<int64_t>({1}, {1})), "offsets begin with 1");
  expect_refused(with(counting<float>({2}), offsets_), "indices is float32[2]");
}

TEST_F(Layers, NormalisesByRootMeanSquare) {
  const Tensor x = tensor<float>({2, 2}, {3, 4, 0, 2});
  const auto result = rms_norm(context_, x, std::vector<int64_t>{2}, tensor<float>({2}, {1, 2}), 0.0);
  ASSERT_TRUE(result.ok());
  expect_tensor<float>(result->first, {2, 2}, {0.8485281F, 2.2627418F, 0, 2.8284271F});
  expect_tensor<float>(result->second, {2, 1}, {0.2828427F, 0.7071068F});
  expect_refused(rms_norm(context_, x, std::vector<int64_t>{3}, {}, {}), "does not end in [3]");
}

TEST_F(Layers, DropsNothingInInference) {
  const Tensor x = counting<float>({3});
  const auto kept = dropout(context_, x, 0);
  ASSERT_TRUE(kept.ok());
  expect_tensor<float>(kept->first, {3}, {0, 1, 2});
  expect_tensor<bool>(kept->second, {3}, {true, true, true});
  expect_tensor<float>(dropout(context_, x, 1)->first, {3}, {0, 0, 0});
  expect_refused(dropout(context_, x, 2), "p is 2");
}

TEST_F(Layers, MeasuresDistances) {
  struct NormCase {
    double p;
    float expected;
  };
  const Tensor a = tensor<float>({1, 2}, {0, 0});
  const Tensor b = tensor<float>({1, 2}, {3, -4});
  for (const NormCase& c :
       {NormCase{0, 2}, NormCase{1, 7}, NormCase{2, 5}, NormCase{3, 4.497941F}, NormCase{kInfinity, 4}}) {
    expect_tensor<float>(pairwise_distances(context_, a, b, c.p), {1, 1}, {c.expected});
  }
  EXPECT_EQ(pairwise_distances(context_, counting<float>({2, 1, 3, 4}), counting<float>({5, 6, 4}), 2)->shape()[1], 5);
  expect_refused(pairwise_distances(context_, a, counting<float>({1, 3}), 2), "do not fit");
}

}  // namespace
}  // namespace hearth
