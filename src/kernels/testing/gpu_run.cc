#include "kernels/testing/gpu_run.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "hal/testing/emulated_driver.h"
#include "tensor/extent.h"

namespace hearth {
namespace {

DeviceMemory memory_of(const Tensor& tensor) { return {tensor.data(), extent_of(tensor).size()}; }

}  // namespace

std::unique_ptr<GpuRun> GpuRun::open() {
  use_emulated_driver();
  setenv("HEARTH_KERNELS", HEARTH_BUILT_KERNELS, 0);
  if (!std::filesystem::exists(std::getenv("HEARTH_KERNELS"))) return nullptr;
  Result<std::shared_ptr<Device>> device = open_device("cuda");
  EXPECT_TRUE(device.ok()) << device.status().message();
  return std::unique_ptr<GpuRun>(new GpuRun(*device));
}

GpuRun::GpuRun(std::shared_ptr<Device> device)
    : device_(std::move(device)),
      stream_(device_->create_stream().value()),
      kernels_(device_),
      pool_(MemoryPool::create(device_)),
      host_pool_(MemoryPool::create(open_device("cpu").value())),
      gpu_{.device = device_.get(), .stream = stream_.get(), .host_pool = host_pool_.get(), .kernels = &kernels_},
      context_{.team = &team_, .pool = pool_.get(), .packed = &packed_, .gpu = &gpu_} {}

Tensor GpuRun::on_gpu(const Tensor& tensor) const {
  if (!tensor.defined()) return tensor;
  Tensor copy = pool_->empty_strided(tensor.dtype(), tensor.shape(), tensor.strides()).value();
  if (extent_of(tensor).empty()) return copy;
  const Status copied = device_->copy_to_device(*stream_, memory_of(copy), 0, extent_of(tensor));
  EXPECT_TRUE(copied.ok()) << copied.message();
  return copy;
}

Tensor GpuRun::on_host(const Tensor& tensor) const {
  if (!tensor.defined()) return tensor;
  Tensor copy = host_pool_->empty_strided(tensor.dtype(), tensor.shape(), tensor.strides()).value();
  if (!extent_of(tensor).empty()) {
    const Status copied = device_->copy_to_host(*stream_, extent_of(copy), memory_of(tensor), 0);
    EXPECT_TRUE(copied.ok()) << copied.message();
  }
  const Status done = stream_->synchronize();
  EXPECT_TRUE(done.ok()) << done.message();
  return copy;
}

}  // namespace hearth
