#include "aoti/host_detour.h"

#include <gtest/gtest.h>

#include <array>

#include "kernels/host_constants.h"
#include "kernels/testing/gpu_run.h"

namespace hearth {
namespace {

Tensor numbers(float first) {
  Tensor tensor = Tensor::empty(DType::kFloat32, std::array<int64_t, 2>{4, 3}).value();
  for (int i = 0; i < 12; ++i) tensor.data_as<float>()[i] = first + static_cast<float>(i);
  return tensor;
}

Tensor last_rows(const Tensor& tensor) {
  return Tensor::view(tensor.storage(), tensor.dtype(), std::array<int64_t, 2>{2, 3}, tensor.strides(), 6).value();
}

TEST(HostDetour, ReadsAConstantInPlaceAndCopiesTheRest) {
  const std::unique_ptr<GpuRun> run = GpuRun::open();
  if (!run) GTEST_SKIP() << "the build has no code for GPUs";
  const Tensor weight = numbers(0);
  const Tensor weight_on_gpu = run->on_gpu(weight);
  const Tensor input_on_gpu = run->on_gpu(numbers(100));
  HostConstants constants;
  constants.add(weight_on_gpu.storage(), weight.storage());
  GpuWork gpu = run->gpu();
  gpu.host_constants = &constants;
  KernelContext context = run->context();
  context.gpu = &gpu;
  const ScopedKernelContext scope(context);

  const Tensor weight_rows = last_rows(weight_on_gpu);
  const Tensor input_rows = last_rows(input_on_gpu);
  HostDetour detour(context);
  EXPECT_EQ(detour.read(weight_on_gpu).data(), weight.data());
  EXPECT_EQ(detour.read(weight_rows).data(), weight.data_as<float>() + 6);
  EXPECT_EQ(detour.read(weight_rows).size(0), 2);
  const Tensor& copy = detour.read(input_rows);
  EXPECT_EQ(copy.storage()->memory(), MemoryKind::kHost);
  EXPECT_EQ(copy.data_as<float>()[0], 106);
  const Result<Tensor> result = detour.bring(numbers(0));
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->storage()->memory(), MemoryKind::kCuda);
  EXPECT_TRUE(detour.finish({}).ok());
}

}  // namespace
}  // namespace hearth
