#include "kernels/cuda/embedding.h"

#include "kernels/cpu/block_test_support.h"
#include "kernels/tensor_literals.h"
#include "kernels/testing/gpu_run.h"

namespace hearth {
namespace {

class GpuEmbedding : public GpuTest {
 protected:
  TestContext host_{1};
};

TEST_F(GpuEmbedding, ReadsRowsInEveryFormat) {
  uint32_t seed = 1;
  for (const BlockFormat format : kBlockFormatsOfTests) {
    for (const DType dtype : {DType::kFloat32, DType::kBFloat16, DType::kFloat16}) {
      Draw draw(seed++);
      const BlockWeights table = draw_block_weights(draw, format, 50, 90);
      const BlockWeights on_gpu{run_->on_gpu(table.data), format, table.rows};
      const Tensor wide = permuted(tensor<int64_t>({2, 3}, {49, 0, 17, 16, 15, 49}), {1, 0});
      const Tensor narrow = in_dtype(wide, DType::kInt32);
      for (const Tensor& ids : {wide, narrow, tensor<int64_t>({0}, {}), tensor<int64_t>({}, {33})}) {
        const auto expected = block_embedding(host_.get(), ids, table, 90, dtype);
        const auto actual = gpu::block_embedding(run_->context(), run_->on_gpu(ids), on_gpu, 90, dtype);
        ASSERT_TRUE(actual.ok()) << actual.status().message();
        EXPECT_EQ(actual->dtype(), dtype);
        const Tensor numbers = in_dtype(*expected, DType::kFloat32);
        expect_tensor<float>(in_dtype(run_->on_host(*actual), DType::kFloat32),
                             {numbers.shape().begin(), numbers.shape().end()}, values_of<float>(numbers), 0);
      }
    }
  }
}

TEST_F(GpuEmbedding, RefusesWhatIsNoRow) {
  Draw draw(1);
  const BlockWeights table = draw_block_weights(draw, BlockFormat::kBytes, 50, 90);
  const BlockWeights on_gpu{run_->on_gpu(table.data), table.format, table.rows};
  const auto read = [&](const Tensor& ids, const BlockWeights& weight, int64_t depth, DType dtype) {
    return gpu::block_embedding(run_->context(), run_->on_gpu(ids), weight, depth, dtype);
  };
  const Tensor ids = tensor<int64_t>({2}, {3, 50});
  expect_refused(read(ids, on_gpu, 90, DType::kFloat32), "the id 50 is no row of the table, which has 50");
  expect_refused(read(tensor<int64_t>({1}, {-1}), on_gpu, 90, DType::kFloat32), "the id -1");
  expect_refused(read(ids, on_gpu, 200, DType::kFloat32), "weight");
  expect_refused(read(counting<float>({2}), on_gpu, 90, DType::kFloat32), "expected int64 or int32");
  EXPECT_EQ(read(ids, table, 90, DType::kFloat32).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(read(ids, on_gpu, 90, DType::kFloat64).status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace hearth
