#include "hal/cuda/cuda_device.h"

#include <algorithm>

#include "base/errors.h"
#include "hal/cuda/cuda_module.h"
#include "hal/cuda/cuda_stream.h"
#include "hal/cuda/device_memory.h"
#include "hal/cuda/driver_errors.h"
#include "hal/memory_range.h"

namespace hearth {

using cuda::address_of;
using cuda::CurrentContext;
using cuda::handle_of;

Result<std::shared_ptr<CudaDevice>> CudaDevice::open(int ordinal) {
  HEARTH_ASSIGN_OR_RETURN(std::shared_ptr<const cuda::Driver> driver, cuda::open_driver());
  HEARTH_ASSIGN_OR_RETURN(DeviceProperties properties, cuda::gpu_properties(*driver, ordinal));
  HEARTH_ASSIGN_OR_RETURN(std::shared_ptr<const cuda::Context> context,
                          cuda::Context::retain(std::move(driver), ordinal));
  return std::shared_ptr<CudaDevice>(new CudaDevice(std::move(context), std::move(properties)));
}

Result<uint64_t> CudaDevice::free_memory() const {
  const CurrentContext current(*context_);
  HEARTH_RETURN_IF_ERROR(current.status());
  size_t free = 0;
  size_t total = 0;
  HEARTH_RETURN_IF_ERROR(context_->check(context_->driver().cuMemGetInfo(&free, &total), "asking for free memory"));
  return free;
}

Result<bool> CudaDevice::can_use_memory_of(const CudaDevice& other) const {
  if (other.context_->device() == context_->device()) return true;
  int can = 0;
  HEARTH_RETURN_IF_ERROR(
      context_->check(context_->driver().cuDeviceCanAccessPeer(&can, context_->device(), other.context_->device()),
                      "asking for access to another GPU's memory"));
  return can != 0;
}

Result<DeviceMemory> CudaDevice::allocate(size_t size) {
  const CurrentContext current(*context_);
  HEARTH_RETURN_IF_ERROR(current.status());
  return cuda::allocate_memory(*context_, size);
}

void CudaDevice::free(DeviceMemory memory) {
  const CurrentContext current(*context_);
  cuda::free_memory(*context_, memory);
}

Result<std::unique_ptr<StreamOrderedPool>> CudaDevice::create_pool() { return cuda::create_memory_pool(context_); }

Result<std::span<std::byte>> CudaDevice::allocate_staging(size_t size) {
  const CurrentContext current(*context_);
  HEARTH_RETURN_IF_ERROR(current.status());
  void* address = nullptr;
  const cuda::CUresult result = context_->driver().cuMemAllocHost(&address, std::max<size_t>(size, 1));
  if (result == cuda::CUDA_ERROR_OUT_OF_MEMORY) {
    return error(StatusCode::kOutOfMemory, "{}: the system has no {} bytes of memory left that it can keep in place",
                 context_->name(), size);
  }
  HEARTH_RETURN_IF_ERROR(context_->check(result, "allocating host memory"));
  return std::span(static_cast<std::byte*>(address), size);
}

void CudaDevice::free_staging(std::span<std::byte> memory) {
  const CurrentContext current(*context_);
  context_->warn(context_->driver().cuMemFreeHost(memory.data()), "giving host memory back");
}

Status CudaDevice::copy_to_device(Stream& stream, DeviceMemory to, size_t to_offset, std::span<const std::byte> from) {
  HEARTH_RETURN_IF_ERROR(check_range(to, to_offset, from.size()));
  if (from.empty()) return {};
  const CurrentContext current(*context_);
  HEARTH_RETURN_IF_ERROR(current.status());
  return context_->check(
      context_->driver().cuMemcpyHtoDAsync(address_of(to) + to_offset, from.data(), from.size(), handle_of(stream)),
      "copying to the device");
}

Status CudaDevice::copy_to_host(Stream& stream, std::span<std::byte> to, DeviceMemory from, size_t from_offset) {
  HEARTH_RETURN_IF_ERROR(check_range(from, from_offset, to.size()));
  if (to.empty()) return {};
  const CurrentContext current(*context_);
  HEARTH_RETURN_IF_ERROR(current.status());
  return context_->check(
      context_->driver().cuMemcpyDtoHAsync(to.data(), address_of(from) + from_offset, to.size(), handle_of(stream)),
      "copying from the device");
}

Status CudaDevice::copy(Stream& stream, DeviceMemory to, size_t to_offset, DeviceMemory from, size_t from_offset,
                        size_t size) {
  HEARTH_RETURN_IF_ERROR(check_range(to, to_offset, size));
  HEARTH_RETURN_IF_ERROR(check_range(from, from_offset, size));
  if (size == 0) return {};
  const CurrentContext current(*context_);
  HEARTH_RETURN_IF_ERROR(current.status());
  return context_->check(context_->driver().cuMemcpyDtoDAsync(address_of(to) + to_offset,
                                                              address_of(from) + from_offset, size, handle_of(stream)),
                         "copying on the device");
}

Status CudaDevice::fill(Stream& stream, DeviceMemory memory, size_t offset, size_t size, std::byte value) {
  HEARTH_RETURN_IF_ERROR(check_range(memory, offset, size));
  if (size == 0) return {};
  const CurrentContext current(*context_);
  HEARTH_RETURN_IF_ERROR(current.status());
  return context_->check(
      context_->driver().cuMemsetD8Async(address_of(memory) + offset, std::to_integer<unsigned char>(value), size,
                                         handle_of(stream)),
      "filling memory");
}

Result<std::span<std::byte>> CudaDevice::map(DeviceMemory) {
  return unavailable("{}: the host does not see the device's memory: copy it", context_->name());
}

Result<std::unique_ptr<Stream>> CudaDevice::create_stream() { return cuda::CudaStream::create(context_); }

Result<std::unique_ptr<Event>> CudaDevice::create_event() { return cuda::CudaEvent::create(context_); }

Result<std::unique_ptr<DeviceModule>> CudaDevice::load_module(std::span<const std::byte> code) {
  return cuda::CudaModule::load(context_, properties_, code);
}

Result<std::vector<DeviceProperties>> list_cuda_devices() {
  HEARTH_ASSIGN_OR_RETURN(const std::shared_ptr<const cuda::Driver> driver, cuda::open_driver());
  int count = 0;
  if (const cuda::CUresult result = driver->cuDeviceGetCount(&count)) {
    return cuda::driver_error(*driver, result, "cuda: counting GPUs");
  }
  if (count == 0) return cuda::driver_error(*driver, cuda::CUDA_ERROR_NO_DEVICE, "cuda");
  std::vector<DeviceProperties> devices;
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    HEARTH_ASSIGN_OR_RETURN(DeviceProperties device, cuda::gpu_properties(*driver, ordinal));
    devices.push_back(std::move(device));
  }
  return devices;
}

}  // namespace hearth
