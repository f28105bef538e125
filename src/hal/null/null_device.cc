#include "hal/null/null_device.h"

#include "base/errors.h"
#include "hal/cpu/cpu_device.h"
#include "hal/host_objects.h"

namespace hearth {

NullDevice::NullDevice() : memory_(make_cpu_device()) {
  properties_.name = "null";
  properties_.description = "counts calls and runs nothing";
  properties_.compute_units = 1;
  properties_.host_memory = true;
}

Status NullDevice::count(const char* call) {
  calls_.fetch_add(1);
  if (countdown_.load() > 0 && countdown_.fetch_sub(1) == 1) {
    return error(StatusCode::kOutOfMemory, "the null device was told to fail this {}", call);
  }
  return {};
}

Result<DeviceMemory> NullDevice::allocate(size_t size) {
  HEARTH_RETURN_IF_ERROR(count("allocate"));
  Result<DeviceMemory> memory = memory_->allocate(size);
  if (memory.ok()) live_.fetch_add(1);
  return memory;
}

void NullDevice::free(DeviceMemory memory) {
  live_.fetch_sub(1);
  memory_->free(memory);
}

Result<std::unique_ptr<StreamOrderedPool>> NullDevice::create_pool() {
  HEARTH_RETURN_IF_ERROR(count("create_pool"));
  return std::unique_ptr<StreamOrderedPool>(std::make_unique<HostPool>(*this));
}

Result<std::span<std::byte>> NullDevice::allocate_staging(size_t size) {
  HEARTH_RETURN_IF_ERROR(count("allocate_staging"));
  Result<std::span<std::byte>> memory = memory_->allocate_staging(size);
  if (memory.ok()) live_.fetch_add(1);
  return memory;
}

void NullDevice::free_staging(std::span<std::byte> memory) {
  live_.fetch_sub(1);
  memory_->free_staging(memory);
}

Status NullDevice::copy_to_device(Stream& stream, DeviceMemory to, size_t to_offset, std::span<const std::byte> from) {
  HEARTH_RETURN_IF_ERROR(count("copy_to_device"));
  return memory_->copy_to_device(stream, to, to_offset, from);
}

Status NullDevice::copy_to_host(Stream& stream, std::span<std::byte> to, DeviceMemory from, size_t from_offset) {
  HEARTH_RETURN_IF_ERROR(count("copy_to_host"));
  return memory_->copy_to_host(stream, to, from, from_offset);
}

Status NullDevice::copy(Stream& stream, DeviceMemory to, size_t to_offset, DeviceMemory from, size_t from_offset,
                        size_t size) {
  HEARTH_RETURN_IF_ERROR(count("copy"));
  return memory_->copy(stream, to, to_offset, from, from_offset, size);
}

Status NullDevice::fill(Stream& stream, DeviceMemory memory, size_t offset, size_t size, std::byte value) {
  HEARTH_RETURN_IF_ERROR(count("fill"));
  return memory_->fill(stream, memory, offset, size, value);
}

Result<std::span<std::byte>> NullDevice::map(DeviceMemory memory) {
  HEARTH_RETURN_IF_ERROR(count("map"));
  return memory_->map(memory);
}

Result<std::unique_ptr<Stream>> NullDevice::create_stream() {
  HEARTH_RETURN_IF_ERROR(count("create_stream"));
  return memory_->create_stream();
}

Result<std::unique_ptr<Event>> NullDevice::create_event() {
  HEARTH_RETURN_IF_ERROR(count("create_event"));
  return memory_->create_event();
}

Result<std::unique_ptr<DeviceModule>> NullDevice::load_module(std::span<const std::byte>) {
  HEARTH_RETURN_IF_ERROR(count("load_module"));
  return unavailable("the null device runs nothing");
}

}  // namespace hearth
