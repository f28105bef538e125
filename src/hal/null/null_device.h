#pragma once

#include <atomic>
#include <cstdint>

#include "hal/device.h"

namespace hearth {

/// A device that runs nothing, counts every call and fails the one it is told to: the test double of all others, and
/// the template for a new device. Its memory is real, so that copies can be checked.
///
/// To add a device: copy this folder, rename the class, implement function by function, add it to hal/devices.cc, and
/// let hal/cts say what is missing.
class NullDevice final : public Device {
 public:
  NullDevice();

  /// The `nth` fallible call from now (1: the next one) fails with kOutOfMemory; 0: none does.
  void fail_call(int64_t nth) { countdown_.store(nth); }
  /// Fallible calls so far.
  int64_t calls() const { return calls_.load(); }
  /// Allocations that were not freed.
  int64_t live_allocations() const { return live_.load(); }

  const DeviceProperties& properties() const override { return properties_; }
  Result<uint64_t> free_memory() const override { return memory_->free_memory(); }
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
  Status count(const char* call);

  DeviceProperties properties_;
  std::shared_ptr<Device> memory_;
  std::atomic<int64_t> countdown_{0};
  std::atomic<int64_t> calls_{0};
  std::atomic<int64_t> live_{0};
};

}  // namespace hearth
