#include "kernels/profile.h"

#include "kernels/convolution.h"
#include "kernels/linear.h"
#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

class ProfileTest : public testing::Test {
 protected:
  TestContext team_{1};
  KernelContext context_ = team_.get();
  Profile profile_;
};

TEST_F(ProfileTest, RecordsCallsOnlyWhileItIsActive) {
  {
    const ScopedCall before("before");
  }
  {
    const ScopedProfile scope(profile_);
    const ScopedCall call("call");
    const Tensor twice = counting<float>({2, 3});
    profile_.operand(twice);
    profile_.operand(twice);
    profile_.operand(Tensor());
  }
  {
    const ScopedCall after("after");
  }
  ASSERT_EQ(profile_.calls().size(), 1U);
  EXPECT_EQ(profile_.calls()[0].name, "call");
  EXPECT_EQ(profile_.calls()[0].moved_bytes(), 24);
  EXPECT_GE(profile_.calls()[0].duration.count(), 0);
}

TEST_F(ProfileTest, CountsTheOperationsOfProducts) {
  const Tensor x = counting<float>({4, 8});
  const Tensor weight = counting<float>({3, 8});
  const Tensor image = counting<float>({2, 6, 5, 5});
  ConvolutionParameters parameters;
  const std::vector<int64_t> ones{1};
  parameters.stride = parameters.padding = parameters.dilation = ones;
  parameters.groups = 2;
  const ScopedProfile scope(profile_);
  {
    const ScopedCall call("linear");
    ASSERT_TRUE(linear(context_, x, weight, Tensor(), Tensor(), Activation::kNone).ok());
  }
  {
    const ScopedCall call("convolution");
    ASSERT_TRUE(convolution(context_, image, counting<float>({4, 3, 3, 3}), Tensor(), Tensor(), parameters).ok());
  }
  EXPECT_EQ(profile_.calls()[0].operations, 2 * 4 * 8 * 3);
  EXPECT_EQ(profile_.calls()[1].operations, 2 * (2 * 4 * 5 * 5) * (3 * 3 * 3));
}

}  // namespace
}  // namespace hearth
