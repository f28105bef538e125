#include "kernels/shape_ops.h"

#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

using List = std::vector<int64_t>;

class ShapeOps : public testing::Test {
 protected:
  TestContext team_{2};
  KernelContext context_ = team_.get();
};

TEST_F(ShapeOps, JoinsAlongADimension) {
  const std::vector<Tensor> parts{tensor<float>({2, 1}, {1, 2}), tensor<float>({2, 2}, {3, 4, 5, 6})};
  expect_tensor<float>(concatenate(context_, parts, -1), {2, 3}, {1, 3, 4, 2, 5, 6});
}

TEST_F(ShapeOps, JoinsTransposedAndLargeTensors) {
  const Tensor large = counting<float>({300, 200});
  const std::vector<Tensor> parts{large, permuted(counting<float>({200, 300}), {1, 0})};
  const auto joined = concatenate(context_, parts, 1);
  ASSERT_TRUE(joined.ok());
  const std::vector<float> values = values_of<float>(*joined);
  for (size_t i = 0; i < 300; ++i) {
    for (size_t j = 0; j < 200; ++j) {
      ASSERT_EQ(values[i * 400 + j], static_cast<float>(i * 200 + j));
      ASSERT_EQ(values[i * 400 + 200 + j], static_cast<float>(j * 300 + i));
    }
  }
}

TEST_F(ShapeOps, PassesOverEmptyVectorsAndPromotes) {
  const std::vector<Tensor> parts{*Tensor::empty(DType::kFloat64, List{0}), tensor<int64_t>({1, 2}, {1, 2})};
  expect_tensor<double>(concatenate(context_, parts, 0), {1, 2}, {1, 2});
}

TEST_F(ShapeOps, KeepsChannelsLastWhenAllPartsHaveIt) {
  const Tensor last = permuted(counting<float>({2, 4, 4, 3}), {0, 3, 1, 2});
  const Tensor first = counting<float>({2, 3, 4, 4});
  EXPECT_EQ(strides_of(*concatenate(context_, std::vector{last, last}, 1)), (List{96, 1, 24, 6}));
  EXPECT_EQ(strides_of(*concatenate(context_, std::vector{last, first}, 1)), (List{96, 16, 4, 1}));
}

TEST_F(ShapeOps, RefusesToJoinWhatDoesNotFit) {
  expect_refused(concatenate(context_, {}, 0), "there is no tensor");
  const Tensor square = counting<float>({2, 2});
  expect_refused(concatenate(context_, std::vector{square, counting<float>({3, 3})}, 0), "tensor 1 is float32[3, 3]");
  expect_refused(concatenate(context_, std::vector{square, counting<float>({2})}, 0), "tensor 1");
  expect_refused(concatenate(context_, std::vector{square}, 2), "dimension 2");
  expect_refused(concatenate(context_, std::vector{counting<float>({})}, 0), "scalar");
}

TEST_F(ShapeOps, PadsAndCrops) {
  const Tensor x = counting<float>({2, 2});
  expect_tensor<float>(pad_constant(context_, x, List{1, 0, 0, 1}, 9), {3, 3}, {9, 0, 1, 9, 2, 3, 9, 9, 9});
  expect_tensor<float>(pad_constant(context_, x, List{-1, 1}, 9), {2, 2}, {1, 9, 3, 9});
  expect_tensor<float>(pad_constant(context_, x, List{-1, -1}, 9), {2, 0}, {});
  using Complex = std::complex<float>;
  expect_tensor<Complex>(pad_constant(context_, tensor<Complex>({1}, {{1, 2}}), List{1, 1}, 3), {3},
                         {{3, 0}, {1, 2}, {3, 0}});
  expect_refused(pad_constant(context_, x, List{-2, -1}, 0), "crops more");
  expect_refused(pad_constant(context_, x, List{1}, 0), "do not pair");
}

TEST_F(ShapeOps, RepeatsPositions) {
  expect_tensor<int64_t>(repeat_interleave(context_, tensor<int64_t>({3}, {1, 0, 2}), {}), {3}, {0, 2, 2});
  expect_tensor<int32_t>(repeat_interleave(context_, tensor<int32_t>({2}, {0, 1}), 1), {1}, {1});
  expect_refused(repeat_interleave(context_, tensor<int64_t>({2}, {1, -1}), {}), "negative");
  expect_refused(repeat_interleave(context_, tensor<int64_t>({2}, {1, 1}), 3), "output_size is 3");
  expect_refused(repeat_interleave(context_, counting<float>({2}), {}), "float32[2]");
}

TEST_F(ShapeOps, ReshapesInPlaceWhereStridesAllowIt) {
  const Tensor x = counting<float>({2, 3, 4});
  EXPECT_EQ(reshape(context_, x, List{6, -1})->data(), x.data());
  const Tensor outer = permuted(counting<float>({2, 3, 4}), {2, 0, 1});  // [4, 2, 3], the last two still one run
  EXPECT_EQ(reshape(context_, outer, List{4, 6})->data(), outer.data());
  EXPECT_EQ(strides_of(*reshape(context_, outer, List{4, 6})), (List{1, 4}));
  const Tensor turned = permuted(counting<float>({2, 2}), {1, 0});
  const auto copied = reshape(context_, turned, List{4});
  expect_tensor<float>(copied, {4}, {0, 2, 1, 3});
  EXPECT_NE(copied->data(), turned.data());
}

TEST_F(ShapeOps, RefusesShapesWithOtherElements) {
  const Tensor x = counting<float>({2, 3});
  expect_refused(reshape(context_, x, List{5}), "does not have the elements");
  expect_refused(reshape(context_, x, List{-1, -1}), "more than one -1");
  expect_refused(reshape(context_, x, List{4, -1}), "does not have the elements");
  expect_refused(reshape(context_, x, List{0, -1}), "does not have the elements");
  expect_refused(reshape(context_, x, List{-2, -3}), "does not have the elements");
}

TEST_F(ShapeOps, SlicesAsPythonDoes) {
  struct SliceCase {
    std::optional<int64_t> start, end;
    int64_t step;
    std::vector<float> expected;
  };
  const Tensor x = counting<float>({5});
  for (const SliceCase& c :
       {SliceCase{{}, {}, 2, {0, 2, 4}}, SliceCase{-2, {}, 1, {3, 4}}, SliceCase{1, -1, 1, {1, 2, 3}},
        SliceCase{-9, 9, 3, {0, 3}}, SliceCase{4, 2, 1, {}}, SliceCase{5, {}, 1, {}}}) {
    expect_tensor<float>(slice(x, 0, c.start, c.end, c.step), {static_cast<int64_t>(c.expected.size())}, c.expected);
  }
  expect_refused(slice(x, 0, {}, {}, 0), "step is 0");
  expect_refused(slice(counting<float>({}), 0, {}, {}, 1), "scalar");
}

TEST_F(ShapeOps, NarrowsPermutesAndSqueezes) {
  const Tensor x = counting<float>({2, 1, 3});
  expect_tensor<float>(narrow(x, 2, -2, 2), {2, 1, 2}, {1, 2, 4, 5});
  expect_refused(narrow(x, 2, 2, 2), "does not lie");
  expect_refused(narrow(x, 2, 0, -1), "does not lie");
  expect_tensor<float>(permute(x, List{-1, 0, 1}), {3, 2, 1}, {0, 3, 1, 4, 2, 5});
  expect_refused(permute(x, List{0, 0, 1}), "named twice");
  expect_refused(permute(x, List{0, 1}), "2 dimensions");
  expect_tensor<float>(squeeze(x, 1), {2, 3}, {0, 1, 2, 3, 4, 5});
  expect_tensor<float>(squeeze(x, 0), {2, 1, 3}, {0, 1, 2, 3, 4, 5});
}

TEST_F(ShapeOps, SeesBytesAsAnotherDtype) {
  const Tensor x = tensor<float>({2}, {1, 2});
  expect_tensor<int32_t>(view_as_dtype(x, DType::kInt32), {2}, {0x3F800000, 0x40000000});
  const auto narrow = view_as_dtype(x, DType::kInt8);
  ASSERT_TRUE(narrow.ok());
  EXPECT_EQ(narrow->size(0), 8);
  expect_tensor<float>(view_as_dtype(*narrow, DType::kFloat32), {2}, {1, 2});
  expect_refused(view_as_dtype(x, DType::kComplex128), "cannot be seen as complex128");
}

TEST_F(ShapeOps, SeesPairsAsComplexNumbers) {
  const Tensor pairs = counting<float>({2, 2});
  const auto complex = view_as_complex(pairs);
  expect_tensor<std::complex<float>>(complex, {2}, {{0, 1}, {2, 3}});
  expect_tensor<float>(view_as_real(*complex), {2, 2}, {0, 1, 2, 3});
  expect_refused(view_as_complex(counting<float>({3})), "adjacent pairs");
  expect_refused(view_as_real(pairs), "expected complex");
}

TEST(PromoteDtypes, FollowsPyTorch) {
  struct PromotionCase {
    DType a, b, expected;
  };
  for (const PromotionCase& c : {PromotionCase{DType::kBool, DType::kUInt8, DType::kUInt8},
                                 PromotionCase{DType::kUInt8, DType::kInt8, DType::kInt16},
                                 PromotionCase{DType::kUInt8, DType::kInt32, DType::kInt32},
                                 PromotionCase{DType::kInt64, DType::kFloat16, DType::kFloat16},
                                 PromotionCase{DType::kFloat16, DType::kBFloat16, DType::kFloat32},
                                 PromotionCase{DType::kFloat64, DType::kBFloat16, DType::kFloat64},
                                 PromotionCase{DType::kFloat64, DType::kComplex64, DType::kComplex128},
                                 PromotionCase{DType::kInt64, DType::kComplex64, DType::kComplex64}}) {
    EXPECT_EQ(*promote_dtypes(c.a, c.b), c.expected) << dtype_name(c.a) << " " << dtype_name(c.b);
    EXPECT_EQ(*promote_dtypes(c.b, c.a), c.expected) << dtype_name(c.b) << " " << dtype_name(c.a);
  }
  EXPECT_FALSE(promote_dtypes(DType::kUInt16, DType::kInt32).ok());
}

TEST_F(ShapeOps, UnsqueezeAddsADimensionAnywhere) {
  const Tensor x = counting<float>({2, 3});
  EXPECT_EQ(strides_of(*unsqueeze(x, 0)), (std::vector<int64_t>{6, 3, 1}));
  EXPECT_EQ(strides_of(*unsqueeze(x, 1)), (std::vector<int64_t>{3, 3, 1}));
  EXPECT_EQ(strides_of(*unsqueeze(x, -1)), (std::vector<int64_t>{3, 1, 1}));
  expect_refused(unsqueeze(x, 3), "3");
}

}  // namespace
}  // namespace hearth
