#include "kernels/indexing.h"

#include <limits>

#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

using List = std::vector<int64_t>;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

class Indexing : public testing::Test {
 protected:
  TestContext team_{2};
  KernelContext context_ = team_.get();
};

TEST_F(Indexing, PicksRowsAndWrapsNegatives) {
  const Tensor x = counting<float>({3, 2});
  expect_tensor<float>(index(context_, x, std::vector{tensor<int64_t>({2}, {-1, 0})}), {2, 2}, {4, 5, 0, 1});
  expect_tensor<float>(index(context_, x, std::vector{Tensor(), tensor<int32_t>({1}, {1})}), {3, 1}, {1, 3, 5});
}

TEST_F(Indexing, BroadcastsIndicesOfSeveralDimensions) {
  const Tensor x = counting<float>({2, 3, 2});
  const Tensor rows = tensor<int64_t>({2, 1}, {0, 1});
  const Tensor columns = tensor<int64_t>({2}, {0, 2});
  expect_tensor<float>(index(context_, x, std::vector{rows, columns}), {2, 2, 2}, {0, 1, 4, 5, 6, 7, 10, 11});
}

TEST_F(Indexing, PutsSeparatedIndicesFirst) {
  const Tensor x = counting<float>({2, 3, 2});
  const Tensor picks = tensor<int64_t>({2}, {1, 0});
  expect_tensor<float>(index(context_, x, std::vector{picks, Tensor(), picks}), {2, 3}, {7, 9, 11, 0, 2, 4});
}

TEST_F(Indexing, TakesMasksForTheirTrueElements) {
  const Tensor x = counting<float>({2, 2, 2});
  expect_tensor<float>(index(context_, x, std::vector{tensor<bool>({2, 2}, {false, true, true, false})}), {2, 2},
                       {2, 3, 4, 5});
  expect_tensor<float>(index(context_, x, std::vector{Tensor(), tensor<bool>({2}, {false, false})}), {2, 0, 2}, {});
}

TEST_F(Indexing, LaysOutItsResultAsPyTorchDoes) {
  // x is [3, 8, 2, 8] with strides 64, 1, 192, 8: the order of what is left decides (taken from torch.ops.aten.index).
  const Tensor x = permuted(counting<float>({2, 3, 8, 8}), {1, 3, 0, 2});
  const Tensor picks = tensor<int64_t>({2, 2}, {0, 1, 1, 2});
  EXPECT_EQ(strides_of(*index(context_, x, std::vector{Tensor(), picks})), (List{8, 48, 24, 96, 1}));
}

TEST_F(Indexing, NamesTheIndexThatIsOutOfBounds) {
  const Tensor x = counting<float>({3, 2});
  expect_refused(index(context_, x, std::vector{tensor<int64_t>({2}, {0, 3})}), "index 3 is out of bounds");
  expect_refused(index(context_, x, std::vector{tensor<int64_t>({1}, {-4})}), "index -4 is out of bounds");
  expect_refused(index(context_, x, std::vector{tensor<bool>({2}, {true, true})}), "mask bool[2]");
  expect_refused(index(context_, x, std::vector{counting<float>({1})}), "float32[1]");
  expect_refused(index(context_, x, std::vector<Tensor>(3, tensor<int64_t>({1}, {0}))), "too many");
  expect_refused(index(context_, x, std::vector{counting<int64_t>({2}), counting<int64_t>({3})}), "do not broadcast");
}

TEST_F(Indexing, PutsAndAccumulates) {
  const Tensor x = tensor<int64_t>({3}, {0, 0, 0});
  const Tensor twice = tensor<int64_t>({3}, {1, 1, -1});
  const Tensor values = tensor<int64_t>({3}, {1, 2, 3});
  ASSERT_TRUE(index_put_in_place(context_, x, std::vector{twice}, values, true).ok());
  expect_tensor<int64_t>(x, {3}, {0, 3, 3});
  ASSERT_TRUE(index_put_in_place(context_, x, std::vector{twice}, tensor<int64_t>({}, {7}), false).ok());
  expect_tensor<int64_t>(x, {3}, {0, 7, 7});
  expect_refused(index_put_in_place(context_, x, std::vector{twice}, counting<float>({3}), false), "expected int64");
  expect_refused(index_put_in_place(context_, x, std::vector{twice}, counting<int64_t>({2}), false), "values is");
  const Tensor outside = tensor<int64_t>({1}, {5});
  expect_refused(index_put_in_place(context_, x, std::vector{outside}, values, false), "out of bounds");
  expect_tensor<int64_t>(x, {3}, {0, 7, 7});
}

TEST_F(Indexing, ScattersWithEveryReduction) {
  struct ScatterCase {
    const char* name;
    bool include_self;
    std::vector<float> expected;
  };
  const Tensor index = tensor<int64_t>({3}, {0, 0, 1});
  const Tensor source = tensor<float>({3}, {2, 3, 4});
  for (const ScatterCase& c : {ScatterCase{"sum", true, {7, 6, 2}}, ScatterCase{"sum", false, {5, 4, 2}},
                               ScatterCase{"prod", true, {12, 8, 2}}, ScatterCase{"mean", true, {7.0F / 3, 3, 2}},
                               ScatterCase{"mean", false, {2.5F, 4, 2}}, ScatterCase{"amax", true, {3, 4, 2}},
                               ScatterCase{"amin", true, {2, 2, 2}}, ScatterCase{"amin", false, {2, 4, 2}}}) {
    SCOPED_TRACE(c.name);
    const Tensor x = tensor<float>({3}, {2, 2, 2});
    ASSERT_TRUE(scatter(context_, x, x, 0, index, source, *parse_reduction(c.name), c.include_self).ok());
    expect_tensor<float>(x, {3}, c.expected);
  }
  EXPECT_FALSE(parse_reduction("median").ok());
}

TEST_F(Indexing, RoundsMeansOfIntegersDownAndKeepsNan) {
  const Tensor index = tensor<int64_t>({2}, {0, 0});
  const Tensor whole = tensor<int64_t>({1}, {0});
  ASSERT_TRUE(scatter(context_, whole, whole, 0, index, tensor<int64_t>({2}, {-2, -3}), Reduction::kMean, false).ok());
  expect_tensor<int64_t>(whole, {1}, {-3});
  const Tensor zeros = counting<int64_t>({256});  // More than a count of uint8 can say.
  ASSERT_TRUE(fill_zero(zeros).ok());
  const Tensor bytes = tensor<uint8_t>({1}, {0});
  const Tensor ones = *Tensor::empty(DType::kUInt8, std::array<int64_t, 1>{256});
  std::fill_n(ones.data_as<uint8_t>(), 256, uint8_t{1});
  ASSERT_TRUE(scatter(context_, bytes, bytes, 0, zeros, ones, Reduction::kMean, false).ok());
  expect_tensor<uint8_t>(bytes, {1}, {0});
  const Tensor real = tensor<float>({1}, {0});
  ASSERT_TRUE(scatter(context_, real, real, 0, index, tensor<float>({2}, {kNan, 3}), Reduction::kMaximum, true).ok());
  expect_tensor<float>(real, {1}, {kNan});
}

TEST_F(Indexing, ScattersIntoAnotherTensor) {
  const Tensor self = counting<float>({2, 2});
  const Tensor out = *Tensor::empty(DType::kFloat32, self.shape());
  const Tensor index = tensor<int64_t>({1, 2}, {1, 0});
  ASSERT_TRUE(scatter(context_, out, self, 0, index, tensor<float>({1, 2}, {8, 9}), Reduction::kReplace, true).ok());
  expect_tensor<float>(out, {2, 2}, {0, 9, 8, 3});
  ASSERT_TRUE(scatter_value(context_, out, self, -1, tensor<int64_t>({2, 1}, {0, 1}), 5).ok());
  expect_tensor<float>(out, {2, 2}, {5, 1, 2, 5});
  expect_refused(scatter_value(context_, out, self, 0, tensor<int64_t>({1, 1}, {2}), 5), "index 2 is out of bounds");
  expect_refused(scatter_value(context_, out, self, 0, counting<int64_t>({1, 3}), 5), "does not lie in self");
  expect_refused(scatter_value(context_, out, self, 0, counting<float>({1, 1}), 5), "expected int64");
}

TEST_F(Indexing, ReducesSlicesByIndex) {
  const Tensor x = counting<float>({2, 2});
  const Tensor index = tensor<int64_t>({3}, {1, 1, 0});
  const Tensor source = tensor<float>({3, 2}, {9, 1, 4, 5, -1, 7});
  expect_tensor<float>(index_reduce(context_, x, 0, index, source, Reduction::kMaximum, true), {2, 2}, {0, 7, 9, 5});
  expect_refused(index_reduce(context_, x, 0, index, counting<float>({2, 2}), Reduction::kMaximum, true), "do not fit");
}

TEST_F(Indexing, FindsNonzeroElements) {
  const auto found = nonzero(context_, tensor<float>({2, 2}, {0, kNan, 1, 0}));
  expect_tensor<int64_t>(found, {2, 2}, {0, 1, 1, 0});
  EXPECT_EQ(strides_of(*found), (List{1, 2}));
  expect_tensor<int64_t>(nonzero(context_, tensor<float>({}, {3})), {1, 0}, {});
  expect_tensor<int64_t>(nonzero(context_, tensor<bool>({2}, {false, false})), {0, 1}, {});
}

TEST_F(Indexing, SelectsAndScattersByMask) {
  const Tensor x = permuted(counting<float>({2, 2}), {1, 0});
  const Tensor mask = tensor<bool>({2}, {true, false});
  expect_tensor<float>(masked_select(context_, x, mask), {2}, {0, 1});
  expect_tensor<float>(masked_scatter(context_, x, mask, tensor<float>({3}, {7, 8, 9})), {2, 2}, {7, 2, 8, 3});
  expect_refused(masked_scatter(context_, x, mask, tensor<float>({1}, {7})), "2 elements of mask are true");
  expect_refused(masked_select(context_, x, counting<float>({2})), "mask is float32[2]");
}

}  // namespace
}  // namespace hearth
