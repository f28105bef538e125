#include "kernels/cpu/parallel_copy.h"

#include "kernels/cpu/kernel_test_support.h"

namespace hearth {
namespace {

TEST(ParallelCopy, MovesEveryElementBetweenAnyTwoLayouts) {
  for (const int threads : {1, 2, 3}) {
    TestContext context(threads);
    for (uint32_t seed = 0; seed < 300; ++seed) {
      SCOPED_TRACE(seed);
      Draw draw(seed);
      std::vector<int64_t> shape;
      for (int64_t i = draw.from({0, 1, 2, 3, 4, 5}); i > 0; --i)
        shape.push_back(draw.from({0, 1, 2, 3, 7, 8, 17, 33}));
      const Tensor from = draw.any_order(shape);
      const Tensor to = draw.any_order(shape);
      parallel_copy(*context.get().team, shape, from.data_as<float>(), from.strides(), to.data_as<float>(),
                    to.strides());
      ASSERT_EQ(elements(to), elements(from));
    }
  }
}

TEST(ParallelCopy, RepeatsBroadcastElements) {
  TestContext context(2);
  Draw draw(1);
  const Tensor row = draw.tensor({40});
  const Tensor to = draw.tensor({30, 40}, {1, 0});
  const std::vector<int64_t> repeat{0, 1};
  parallel_copy(*context.get().team, to.shape(), row.data_as<float>(), repeat, to.data_as<float>(), to.strides());
  const std::vector<float> once = elements(row);
  const std::vector<float> all = elements(to);
  for (size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], once[i % 40]);
}

TEST(ParallelCopy, MakesRowMajorCopies) {
  TestContext context(1);
  Draw draw(2);
  const Tensor from = draw.tensor({3, 5, 7}, {2, 0, 1});
  const auto copy = row_major_copy(context.get(), from);
  ASSERT_TRUE(copy.ok());
  EXPECT_TRUE(copy->is_contiguous());
  EXPECT_EQ(elements(*copy), elements(from));
}

}  // namespace
}  // namespace hearth
