#include "kernels/cuda/copy.h"

#include "kernels/cpu/kernel_test_support.h"
#include "kernels/tensor_literals.h"
#include "kernels/testing/gpu_run.h"

namespace hearth {
namespace {

class GpuCopy : public GpuTest {};

TEST_F(GpuCopy, MovesElementsBetweenAnyStrides) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    Draw draw(seed);
    const std::vector<int64_t> shape{draw.from({1, 3, 7}), draw.from({2, 5}), draw.from({1, 4, 33})};
    const DType dtype = std::array{DType::kFloat32, DType::kBFloat16, DType::kFloat64, DType::kUInt8}[seed % 4];
    const Tensor from = in_dtype(draw.any_order(shape), dtype);
    const Tensor to = in_dtype(draw.any_order(shape), dtype);
    const Tensor target = run_->on_gpu(to);
    ASSERT_TRUE(gpu::copy_strided(run_->gpu(), target, run_->on_gpu(from)).ok());
    EXPECT_EQ(elements(in_dtype(run_->on_host(target), DType::kFloat32)), elements(in_dtype(from, DType::kFloat32)));
  }
}

TEST_F(GpuCopy, ReadsBroadcastElements) {
  const Tensor row = run_->on_gpu(counting<float>({3}));
  const Tensor rows = *Tensor::view(row.storage(), DType::kFloat32, std::array<int64_t, 2>{2, 3},
                                    std::array<int64_t, 2>{0, 1}, row.offset());
  const Tensor target = run_->on_gpu(counting<float>({2, 3}));
  ASSERT_TRUE(gpu::copy_strided(run_->gpu(), target, rows).ok());
  expect_tensor<float>(run_->on_host(target), {2, 3}, {0, 1, 2, 0, 1, 2});
}

TEST_F(GpuCopy, LeavesConversionsAndMemoryOfTheHostToOthers) {
  const Tensor on_gpu = run_->on_gpu(counting<float>({3}));
  EXPECT_EQ(gpu::copy_strided(run_->gpu(), on_gpu, counting<float>({3})).code(), StatusCode::kUnavailable);
  EXPECT_EQ(gpu::copy_strided(run_->gpu(), on_gpu, run_->on_gpu(counting<int32_t>({3}))).code(),
            StatusCode::kUnavailable);
}

}  // namespace
}  // namespace hearth
