#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "base/thread_team.h"
#include "hal/device.h"
#include "hal/memory_pool.h"
#include "kernels/context.h"
#include "kernels/gpu_kernels.h"

namespace hearth {

/// What kernels of a test run with on a GPU: the emulated driver's, or a real one when HEARTH_CUDA_DRIVER names its
/// driver. Outlives its tensors.
class GpuRun {
 public:
  /// Null where the build has no code for GPUs: skip the test.
  static std::unique_ptr<GpuRun> open();

  const KernelContext& context() const { return context_; }
  const GpuWork& gpu() const { return gpu_; }
  /// A copy with the same strides in the GPU's memory, or in the host's; undefined tensors stay so.
  Tensor on_gpu(const Tensor& tensor) const;
  Tensor on_host(const Tensor& tensor) const;

 private:
  explicit GpuRun(std::shared_ptr<Device> device);

  std::shared_ptr<Device> device_;
  std::unique_ptr<Stream> stream_;
  GpuKernels kernels_;
  ThreadTeam team_{1};
  std::shared_ptr<MemoryPool> pool_;
  std::shared_ptr<MemoryPool> host_pool_;
  PackedWeights packed_;
  GpuWork gpu_;
  KernelContext context_;
};

/// What tests of kernels on a GPU have; skipped where the build has no code for GPUs.
class GpuTest : public testing::Test {
 protected:
  void SetUp() override {
    run_ = GpuRun::open();
    if (run_ == nullptr) GTEST_SKIP() << "there is no code for GPUs";
  }

  std::unique_ptr<GpuRun> run_;
};

}  // namespace hearth
