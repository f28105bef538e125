#include "kernels/pooling.h"

#include <limits>

#include "kernels/tensor_literals.h"

namespace hearth {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
using List = std::vector<int64_t>;

class Pooling : public testing::Test {
 protected:
  TestContext team_{2};
  KernelContext context_ = team_.get();
};

TEST_F(Pooling, TakesMaximaAndTheirPositions) {
  const auto result =
      max_pool(context_, 2, counting<float>({1, 1, 4, 4}), {.kernel = List{2}, .stride = {}, .padding = List{0}});
  ASSERT_TRUE(result.ok()) << result.status().message();
  expect_tensor<float>(result->first, {1, 1, 2, 2}, {5, 7, 13, 15});
  expect_tensor<int64_t>(result->second, {1, 1, 2, 2}, {5, 7, 13, 15});
}

TEST_F(Pooling, LetsTheLastNanWin) {
  const Tensor x = tensor<float>({1, 3, 3}, {1, kNan, 3, kNan, 5, 6, 7, 8, kNan});
  const auto result = max_pool(context_, 2, x, {.kernel = List{3}, .stride = {}, .padding = List{0}});
  ASSERT_TRUE(result.ok());
  expect_tensor<float>(result->first, {1, 1, 1}, {kNan});
  expect_tensor<int64_t>(result->second, {1, 1, 1}, {8});
}

TEST_F(Pooling, NeverPicksThePadding) {
  const Tensor x = tensor<float>({1, 1, 2}, {-kInfinity, -kInfinity});
  const auto result = max_pool(context_, 2, x, {.kernel = List{1, 2}, .stride = List{1, 1}, .padding = List{0, 1}});
  ASSERT_TRUE(result.ok());
  expect_tensor<int64_t>(result->second, {1, 1, 3}, {0, 0, 1});
}

struct SizeCase {
  int64_t input, kernel, stride, padding, dilation;
  bool ceil_mode;
  int64_t output;
};

TEST_F(Pooling, SizesItsOutputAsPyTorchDoes) {
  for (const SizeCase& c :
       {SizeCase{8, 3, 2, 1, 1, false, 4}, SizeCase{8, 3, 2, 0, 1, true, 4}, SizeCase{7, 2, 2, 1, 1, true, 4},
        SizeCase{1, 2, 2, 0, 1, true, 1}, SizeCase{9, 3, 2, 1, 2, false, 4}, SizeCase{5, 2, 3, 0, 1, true, 2},
        SizeCase{4, 1, 3, 0, 1, true, 2}}) {
    const auto result = max_pool(context_, 2, counting<float>({1, c.input, c.input}),
                                 {.kernel = List{c.kernel},
                                  .stride = List{c.stride},
                                  .padding = List{c.padding},
                                  .dilation = List{c.dilation},
                                  .ceil_mode = c.ceil_mode});
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_EQ(result->first.size(1), c.output) << "input " << c.input << " kernel " << c.kernel;
  }
}

TEST_F(Pooling, DividesAveragesByWhatIsAskedFor) {
  const Tensor x = counting<float>({1, 2, 2});
  const List kernel{2};
  const List one{1};
  PoolParameters parameters{.kernel = kernel, .stride = one, .padding = one};
  expect_tensor<float>(average_pool(context_, 2, x, parameters), {1, 3, 3},
                       {0, .25F, .25F, .5F, 1.5F, 1, .5F, 1.25F, .75F});
  parameters.count_include_pad = false;
  expect_tensor<float>(average_pool(context_, 2, x, parameters), {1, 3, 3}, {0, .5F, 1, 1, 1.5F, 2, 2, 2.5F, 3});
  parameters.divisor_override = 2;
  expect_tensor<float>(average_pool(context_, 2, x, parameters), {1, 3, 3}, {0, .5F, .5F, 1, 3, 2, 1, 2.5F, 1.5F});
  parameters.divisor_override = 0;
  expect_refused(average_pool(context_, 2, x, parameters), "divisor_override");
}

TEST_F(Pooling, SharesTheInputAmongAdaptiveOutputs) {
  const Tensor x = counting<float>({1, 1, 5});
  expect_tensor<float>(adaptive_average_pool(context_, 2, x, List{1, 3}), {1, 1, 3}, {.5F, 2, 3.5F});
  const auto maxima = adaptive_max_pool(context_, 2, x, List{1, 3});
  ASSERT_TRUE(maxima.ok());
  expect_tensor<float>(maxima->first, {1, 1, 3}, {1, 3, 4});
  expect_tensor<int64_t>(maxima->second, {1, 1, 3}, {1, 3, 4});
}

TEST_F(Pooling, WorksInThreeDimensions) {
  const Tensor x = counting<double>({1, 1, 2, 2, 2});
  const List two{2};
  const List zero{0};
  const auto maximum = max_pool(context_, 3, x, {.kernel = two, .stride = {}, .padding = zero});
  ASSERT_TRUE(maximum.ok()) << maximum.status().message();
  expect_tensor<double>(maximum->first, {1, 1, 1, 1, 1}, {7});
  expect_tensor<double>(average_pool(context_, 3, x, {.kernel = two, .stride = {}, .padding = zero}), {1, 1, 1, 1, 1},
                        {3.5});
  expect_tensor<double>(adaptive_average_pool(context_, 3, x, List{2, 1, 1}), {1, 1, 2, 1, 1}, {1.5, 5.5});
}

TEST_F(Pooling, KeepsChannelsLastWherePyTorchDoes) {
  const Tensor rows = counting<float>({2, 3, 4, 4});
  const Tensor images = permuted(counting<float>({2, 4, 4, 3}), {0, 3, 1, 2});
  const Tensor volumes = permuted(counting<float>({2, 4, 4, 4, 3}), {0, 4, 1, 2, 3});
  const List two{2};
  const List zero{0};
  const PoolParameters parameters{.kernel = two, .stride = {}, .padding = zero};
  EXPECT_EQ(strides_of(max_pool(context_, 2, rows, parameters)->first), (List{12, 4, 2, 1}));
  EXPECT_EQ(strides_of(max_pool(context_, 2, images, parameters)->second), (List{12, 1, 6, 3}));
  EXPECT_EQ(strides_of(*average_pool(context_, 2, images, parameters)), (List{12, 1, 6, 3}));
  EXPECT_EQ(strides_of(*adaptive_average_pool(context_, 2, images, two)), (List{12, 1, 6, 3}));
  EXPECT_EQ(strides_of(max_pool(context_, 3, volumes, parameters)->first), (List{24, 1, 12, 6, 3}));
  EXPECT_EQ(strides_of(*average_pool(context_, 3, volumes, parameters)), (List{24, 8, 4, 2, 1}));
  EXPECT_EQ(strides_of(*adaptive_average_pool(context_, 3, volumes, two)), (List{24, 8, 4, 2, 1}));
}

TEST_F(Pooling, GivesTheSameForEveryOrderInMemory) {
  const Tensor images = permuted(counting<float>({2, 5, 4, 3}), {0, 3, 1, 2});
  Tensor rows = *Tensor::empty(DType::kFloat32, images.shape());
  const std::vector<float> values = values_of<float>(images);
  std::copy(values.begin(), values.end(), rows.data_as<float>());
  const List three{3};
  const List one{1};
  const PoolParameters parameters{.kernel = three, .stride = one, .padding = one};
  EXPECT_EQ(values_of<float>(max_pool(context_, 2, images, parameters)->first),
            values_of<float>(max_pool(context_, 2, rows, parameters)->first));
  EXPECT_EQ(values_of<float>(*average_pool(context_, 2, images, parameters)),
            values_of<float>(*average_pool(context_, 2, rows, parameters)));
}

TEST_F(Pooling, RefusesWhatDoesNotFit) {
  const Tensor x = counting<float>({1, 4, 4});
  const auto pool = [&](List kernel, List stride, List padding) {
    return max_pool(context_, 2, x, {.kernel = kernel, .stride = stride, .padding = padding});
  };
  expect_refused(pool({2}, {2}, {2}), "padding 2 is more than half of kernel_size 2");
  expect_refused(pool({0}, {1}, {0}), "kernel_size is 0");
  expect_refused(pool({2}, {0}, {0}), "stride is 0");
  expect_refused(pool({5}, {1}, {0}), "does not fit");
  expect_refused(pool({2, 2, 2}, {1}, {0}), "kernel_size has 3 entries");
  expect_refused(max_pool(context_, 2, counting<float>({4}), {.kernel = List{1}, .stride = {}, .padding = List{0}}),
                 "x is float32[4]");
  expect_refused(adaptive_average_pool(context_, 2, counting<int64_t>({1, 2, 2}), List{1}), "int64");
}

}  // namespace
}  // namespace hearth
