#include "kernels/cuda/integer_matmul.h"

#include <cmath>

#include "base/errors.h"
#include "kernels/integer_matmul.h"
#include "kernels/tensor_literals.h"
#include "kernels/testing/gpu_run.h"

namespace hearth {
namespace {

class GpuIntegerMatmul : public GpuTest {
 protected:
  TestContext reference_{1};
};

/// Numbers in [-1, 1) spread over all that a byte can be; same strides.
template <class Byte>
Tensor in_bytes(const Tensor& tensor) {
  const Tensor bytes = *Tensor::empty_strided(kDTypeOf<Byte>, tensor.shape(), tensor.strides());
  StridedWalk<1>(tensor.shape(), {tensor.strides()}).run([&](int64_t, const auto& at) {
    const float value = tensor.data_as<float>()[at[0]];
    bytes.data_as<Byte>()[at[0]] =
        static_cast<Byte>(static_cast<int>(std::floor((value + 1) * 128)) + std::numeric_limits<Byte>::min());
  });
  return bytes;
}

TEST_F(GpuIntegerMatmul, MatchesTheReferenceWhateverTheStrides) {
  struct Size {
    int64_t rows, depth, columns;
  };
  uint32_t seed = 0;
  // The emulated GPU has 4 processors: the fifth is computed in large tiles.
  for (const Size& size :
       {Size{1, 1, 1}, {2, 40, 3}, {6, 2100, 5}, {17, 33, 70}, {130, 64, 136}, {3, 300, 16}, {0, 4, 4}, {4, 0, 4}}) {
    for (int i = 0; i < 4; ++i) {
      SCOPED_TRACE(testing::Message() << size.rows << " x " << size.depth << " x " << size.columns << ", " << i);
      Draw draw(++seed);
      const Tensor numbers = draw.any_order({size.rows, size.depth});
      const Tensor a = i % 2 == 0 ? in_bytes<int8_t>(numbers) : in_bytes<uint8_t>(numbers);
      const Tensor b = in_bytes<int8_t>(draw.any_order({size.depth, size.columns}));
      const Tensor expected = in_dtype(draw.any_order({size.rows, size.columns}), DType::kInt32);
      ASSERT_TRUE(reference::integer_matmul(reference_.get(), expected, a, b).ok());
      const Tensor out = run_->on_gpu(in_dtype(expected, DType::kInt32));
      const Status done = gpu::integer_matmul(run_->context(), out, run_->on_gpu(a), run_->on_gpu(b));
      ASSERT_TRUE(done.ok()) << done.message();
      ASSERT_EQ(values_of<int32_t>(run_->on_host(out)), values_of<int32_t>(expected));
    }
  }
}

TEST_F(GpuIntegerMatmul, LeavesWhatLiesOnTheHostToOthersAndRefusesOtherTypes) {
  const Tensor on_host = counting<int8_t>({2, 2});
  const Tensor bytes = run_->on_gpu(on_host);
  const Tensor sums = run_->on_gpu(counting<int32_t>({2, 2}));
  EXPECT_EQ(gpu::integer_matmul(run_->context(), sums, on_host, bytes).code(), StatusCode::kUnavailable);
  expect_refused(gpu::integer_matmul(run_->context(), bytes, bytes, bytes), "expected int32");
}

struct LinearCase {
  Tensor x;
  QuantizedLayer layer;
};

/// Positive numbers that bring sums to about 1: of `depth` products of bytes, one of them of float32 perhaps.
Tensor draw_scales(Draw& draw, int64_t columns, int64_t depth, bool float_x) {
  const Tensor scales = draw.tensor({columns});
  const double typical = (float_x ? 127 : 1) / (127 * 127 * std::sqrt(static_cast<double>(depth) + 1));
  for (int64_t i = 0; i < columns; ++i) {
    float& scale = scales.data_as<float>()[i * scales.stride(0)];
    scale = static_cast<float>((std::abs(scale) + 0.1) * typical);
  }
  return scales;
}

LinearCase draw_linear(Draw& draw) {
  LinearCase c;
  const int64_t rows = draw.from({1, 2, 5, 16, 33});
  const int64_t columns = draw.from({1, 3, 16, 40, 65});
  const int64_t depth = draw.from({0, 1, 5, 16, 63, 64, 300});
  c.x = draw.chance(0.7) ? draw.tensor({2, rows, depth}) : draw.any_order({2, rows, depth});
  const bool float_x = draw.chance(0.5);
  if (!float_x) {
    c.x = in_bytes<uint8_t>(c.x);
    c.layer.x_zero = static_cast<int32_t>(draw.from({0, 1, 128, 255}));
  }
  c.layer.weight = in_bytes<int8_t>(draw.any_order({columns, depth}));
  c.layer.scales = draw_scales(draw, columns, depth, float_x);
  c.layer.activation = draw.activation();
  if (draw.chance(0.5)) c.layer.bias = draw.tensor({columns});
  if (draw.chance(0.5)) {
    c.layer.residual = draw.any_order({2, rows, columns});
    c.layer.residual_affine = {0.0137F, static_cast<int32_t>(draw.from({0, 17, 128, 255}))};
    if (draw.chance(0.5)) c.layer.residual = in_bytes<uint8_t>(c.layer.residual);
  }
  if (draw.chance(0.5)) c.layer.y_affine = Affine{0.02F, static_cast<int32_t>(draw.from({0, 3, 128, 255}))};
  return c;
}

/// Bytes may differ by one where a sum lies between two of them.
void expect_same_numbers(const Tensor& actual, const Tensor& expected, int64_t depth) {
  ASSERT_EQ(actual.dtype(), expected.dtype());
  if (actual.dtype() == DType::kFloat32) return expect_close(actual, expected, depth);
  const auto bytes = values_of<uint8_t>(actual);
  const auto expected_bytes = values_of<uint8_t>(expected);
  ASSERT_EQ(bytes.size(), expected_bytes.size());
  int different = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const int difference = std::abs(bytes[i] - expected_bytes[i]);
    ASSERT_LE(difference, 1) << "at " << i;
    different += difference;
  }
  EXPECT_LE(different, 1 + static_cast<int>(bytes.size()) / 100);
}

TEST_F(GpuIntegerMatmul, QuantizedLinearMatchesTheReference) {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    Draw draw(seed);
    const LinearCase c = draw_linear(draw);
    SCOPED_TRACE(fmt::format("seed {}: x {} by {}, weight {} by {}", seed, describe(c.x), fmt::join(c.x.strides(), " "),
                             describe(c.layer.weight), fmt::join(c.layer.weight.strides(), " ")));
    const auto expected = reference::quantized_linear(reference_.get(), c.x, c.layer);
    ASSERT_TRUE(expected.ok()) << expected.status().message();
    QuantizedLayer layer = c.layer;
    for (Tensor* tensor : {&layer.weight, &layer.scales, &layer.bias, &layer.residual}) {
      *tensor = run_->on_gpu(*tensor);
    }
    const auto actual = gpu::quantized_linear(run_->context(), run_->on_gpu(c.x), layer);
    ASSERT_TRUE(actual.ok()) << actual.status().message();
    ASSERT_NO_FATAL_FAILURE(expect_same_numbers(run_->on_host(*actual), *expected, c.layer.weight.size(1)));
  }
}

/// The same memory of a GPU, said to be constant as weights are.
class ConstantView final : public Storage {
 public:
  static Tensor of(const Tensor& tensor) {
    const StorageRef storage(new ConstantView(tensor.storage()));
    return *Tensor::view(storage, tensor.dtype(), tensor.shape(), tensor.strides(), tensor.offset());
  }

 private:
  explicit ConstantView(StorageRef of) : Storage(of->data(), of->size(), true, of->memory()), of_(std::move(of)) {}
  void dispose() override { delete this; }

  StorageRef of_;
};

TEST_F(GpuIntegerMatmul, CopiesAConstantWeightOfOtherStridesOnce) {
  Draw draw(1);
  LinearCase c;
  c.x = draw.tensor({3, 20});
  c.layer.weight = in_bytes<int8_t>(permuted(draw.tensor({20, 5}), {1, 0}));
  c.layer.scales = draw_scales(draw, 5, 20, true);
  const auto expected = reference::quantized_linear(reference_.get(), c.x, c.layer);
  const Tensor x = run_->on_gpu(c.x);
  c.layer.weight = ConstantView::of(run_->on_gpu(c.layer.weight));
  c.layer.scales = run_->on_gpu(c.layer.scales);
  EXPECT_EQ(run_->context().packed->byte_count(), 0);
  for (int i = 0; i < 2; ++i) {
    const auto actual = gpu::quantized_linear(run_->context(), x, c.layer);
    ASSERT_TRUE(actual.ok()) << actual.status().message();
    expect_close(run_->on_host(*actual), *expected, 20);
    EXPECT_EQ(run_->context().packed->byte_count(), 5 * 20);
  }
}

}  // namespace
}  // namespace hearth
