#pragma once

#include <memory>
#include <vector>

#include "hal/cuda/context.h"
#include "hal/device.h"

namespace hearth {

/// An NVIDIA GPU, through the driver alone. What it makes are cuda::CudaStream, CudaEvent, CudaModule.
class CudaDevice final : public Device {
 public:
  /// kUnavailable says what is missing; see cuda::open_driver().
  static Result<std::shared_ptr<CudaDevice>> open(int ordinal);

  const std::shared_ptr<const cuda::Context>& context() const { return context_; }
  /// Whether this GPU's code could use memory of `other` where it is.
  Result<bool> can_use_memory_of(const CudaDevice& other) const;

  const DeviceProperties& properties() const override { return properties_; }
  Result<uint64_t> free_memory() const override;
  Result<DeviceMemory> allocate(size_t size) override;
  void free(DeviceMemory memory) override;
  Result<std::unique_ptr<StreamOrderedPool>> create_pool() override;
  Result<std::span<std::byte>> allocate_staging(size_t size) override;
  void free_staging(std::span<std::byte> memory) override;
  Status copy_to_device(Stream& stream, DeviceMemory to, size_t to_offset, std::span<const std::byte> from) override;
  Status copy_to_host(Stream& stream, std::span<std::byte> to, DeviceMemory from, size_t from_offset) override;
  Status copy(Stream& stream, DeviceMemory to, size_t to_offset, DeviceMemory from, size_t from_offset,
              size_t size) override;
  Status fill(Stream& stream, DeviceMemory memory, size_t offset, size_t size, std::byte value) override;
  Result<std::span<std::byte>> map(DeviceMemory memory) override;
  Result<std::unique_ptr<Stream>> create_stream() override;
  Result<std::unique_ptr<Event>> create_event() override;
  Result<std::unique_ptr<DeviceModule>> load_module(std::span<const std::byte> code) override;

 private:
  CudaDevice(std::shared_ptr<const cuda::Context> context, DeviceProperties properties)
      : context_(std::move(context)), properties_(std::move(properties)) {}

  std::shared_ptr<const cuda::Context> context_;
  DeviceProperties properties_;
};

/// Every NVIDIA GPU that the driver shows. kUnavailable says what is missing.
Result<std::vector<DeviceProperties>> list_cuda_devices();

}  // namespace hearth
