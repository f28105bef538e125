#include "model/value_check.h"

#include <gtest/gtest.h>

#include "hal/device.h"

namespace hearth {
namespace {

Dimension fixed(int64_t size) { return {"", 0, size, false}; }
Dimension symbol(std::string name, int64_t multiply = 1, int64_t add = 0) {
  return {std::move(name), multiply, add, false};
}

/// x: float32[batch, 3], y: int64[2*batch+1]
MethodSpec two_inputs() {
  MethodSpec method;
  method.symbols["batch"] = {2, 64};
  method.inputs.push_back({"x", DType::kFloat32, {symbol("batch"), fixed(3)}, {0, 1}});
  method.inputs.push_back({"y", DType::kInt64, {symbol("batch", 2, 1)}, {0}});
  return method;
}

Tensor tensor(DType dtype, std::vector<int64_t> shape) { return *Tensor::empty(dtype, shape); }

struct Case {
  std::vector<Tensor> inputs;  ///< Or outputs.
  std::string message;         ///< Empty: accepted.
};

TEST(InputCheck, NamesTheInputAndWhatItShouldBe) {
  const auto f32 = DType::kFloat32;
  const auto i64 = DType::kInt64;
  const Case cases[] = {
      {{tensor(f32, {4, 3}), tensor(i64, {9})}, ""},
      {{tensor(f32, {2, 3}), tensor(i64, {5})}, ""},
      {{tensor(f32, {64, 3}), tensor(i64, {129})}, ""},
      {{tensor(f32, {4, 3})}, "1 inputs were given, the method takes 2: x float32[batch, 3], y int64[2*batch+1]"},
      {{tensor(DType::kFloat64, {4, 3}), tensor(i64, {9})}, "input 'x' is float64, it must be float32[batch, 3]"},
      {{tensor(f32, {4, 3, 1}), tensor(i64, {9})}, "input 'x' has 3 dimensions [4, 3, 1], it must have 2"},
      {{tensor(f32, {4, 5}), tensor(i64, {9})}, "input 'x': dimension 1 is 5, it must be 3"},
      {{tensor(f32, {65, 3}), tensor(i64, {131})}, "input 'x': dimension 0 is 65, so batch is 65; it must be 2 to 64"},
      {{tensor(f32, {1, 3}), tensor(i64, {3})}, "it must be 2 to 64"},
      {{tensor(f32, {4, 3}), tensor(i64, {11})}, "so batch is 5, but input 'x' made it 4"},
      {{tensor(f32, {4, 3}), tensor(i64, {8})}, "input 'y': dimension 0 is 8, it must be 2*batch+1"},
      {{tensor(f32, {4, 3}), tensor(i64, {0})}, "input 'y': dimension 0 is 0, it must be 2*batch+1"},
      {{tensor(f32, {4, 3}), Tensor()}, "input 'y' is missing"},
  };
  for (const Case& test : cases) {
    const Status status = check_inputs(two_inputs(), test.inputs);
    EXPECT_EQ(status.ok(), test.message.empty()) << status.message();
    EXPECT_TRUE(status.ok() || status.code() == StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find(test.message), std::string::npos) << status.message();
  }
}

TEST(OutputCheck, NamesTheOutputThatIsNotWhatTheFileSays) {
  MethodSpec method = two_inputs();
  method.outputs.push_back({"sum", DType::kFloat32, {symbol("batch", 3, -1), fixed(7)}});
  method.outputs.push_back({"found", DType::kInt64, {Dimension{"", 0, 0, /*unknown=*/true}}});
  const std::vector<Tensor> inputs{tensor(DType::kFloat32, {4, 3}), tensor(DType::kInt64, {9})};
  const Tensor found = tensor(DType::kInt64, {5});
  const Case cases[] = {
      {{tensor(DType::kFloat32, {11, 7}), found}, ""},
      {{tensor(DType::kFloat32, {12, 7}), found},
       "output 'sum' is float32[12, 7], but the file says float32[3*batch-1, 7]"},
      {{tensor(DType::kFloat32, {11, 8}), found}, "output 'sum' is float32[11, 8]"},
      {{tensor(DType::kFloat64, {11, 7}), found}, "output 'sum' is float64[11, 7]"},
      {{tensor(DType::kFloat32, {11}), found}, "output 'sum' is float32[11]"},
      {{tensor(DType::kFloat32, {11, 7}), tensor(DType::kInt32, {5})}, "output 'found' is int32[5]"},
  };
  for (const Case& test : cases) {
    const Status status = check_outputs(method, inputs, test.inputs);
    EXPECT_EQ(status.ok(), test.message.empty()) << status.message();
    EXPECT_TRUE(status.ok() || status.code() == StatusCode::kInvalidFile);
    EXPECT_NE(status.message().find(test.message), std::string::npos) << status.message();
  }
}

TEST(InputCheck, CopiesOnlyWhatIsLaidOutOtherwise) {
  MethodSpec method;
  method.inputs.push_back({"image", DType::kFloat32, {fixed(1), fixed(2), fixed(2), fixed(2)}, {0, 2, 3, 1}});
  method.inputs.push_back({"rows", DType::kFloat32, {fixed(2), fixed(2)}, {0, 1}});
  const std::vector<Tensor> inputs{tensor(DType::kFloat32, {1, 2, 2, 2}), tensor(DType::kFloat32, {2, 2})};
  for (int i = 0; i < 8; ++i) inputs[0].data_as<float>()[i] = static_cast<float>(i);

  const auto pool = MemoryPool::create(*open_device("cpu"));
  const Result<std::vector<Tensor>> laid_out = lay_out_inputs(method, inputs, *pool);
  ASSERT_TRUE(laid_out.ok()) << laid_out.status().message();
  EXPECT_EQ(laid_out->at(1).data(), inputs[1].data());
  EXPECT_EQ(laid_out->at(0).strides()[1], 1);
  const float expected[] = {0, 4, 1, 5, 2, 6, 3, 7};
  for (int i = 0; i < 8; ++i) EXPECT_EQ(laid_out->at(0).data_as<float>()[i], expected[i]) << i;
}

}  // namespace
}  // namespace hearth
