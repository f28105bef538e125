#include "hal/cuda/device_memory.h"

#include <algorithm>
#include <limits>

#include "base/errors.h"
#include "hal/cuda/cuda_stream.h"

namespace hearth::cuda {
namespace {

/// What is more would overflow in the driver's own rounding.
constexpr size_t kLargest = std::numeric_limits<size_t>::max() / 4;

Status out_of_memory(const Context& context, size_t size) {
  size_t free = 0;
  size_t total = 0;
  const std::string what = fmt::format("{}: {} bytes of memory were asked for", context.name(), size);
  if (context.driver().cuMemGetInfo(&free, &total) != CUDA_SUCCESS) {
    return error(StatusCode::kOutOfMemory, "{} and are not there", what);
  }
  return error(StatusCode::kOutOfMemory,
               "{}, {} of {} are free: close other programs that use the GPU (nvidia-smi lists them), or use a smaller "
               "model or batch",
               what, free, total);
}

/// `allocate(&address, size)` is one of the driver's functions.
template <typename Allocate>
Result<DeviceMemory> allocate_with(const Context& context, size_t size, Allocate allocate) {
  if (size > kLargest) return out_of_memory(context, size);
  CUdeviceptr address = 0;
  const CUresult result = allocate(&address, std::max<size_t>(size, 1));
  if (result == CUDA_ERROR_OUT_OF_MEMORY) return out_of_memory(context, size);
  if (result != CUDA_SUCCESS) return context.check(result, fmt::format("allocating {} bytes of memory", size));
  return DeviceMemory{reinterpret_cast<void*>(address), size};
}

class DriverPool final : public StreamOrderedPool {
 public:
  DriverPool(std::shared_ptr<const Context> context, CUmemoryPool handle)
      : context_(std::move(context)), handle_(handle) {}
  ~DriverPool() override {
    const CurrentContext current(*context_);
    context_->warn(context_->driver().cuMemPoolDestroy(handle_), "giving a memory pool back");
  }

  Status keep_what_is_given_back() {
    uint64_t threshold = std::numeric_limits<uint64_t>::max();
    return context_->check(
        context_->driver().cuMemPoolSetAttribute(handle_, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &threshold),
        "setting up a memory pool");
  }

  Result<DeviceMemory> allocate(Stream& stream, size_t size) override {
    const CurrentContext current(*context_);
    HEARTH_RETURN_IF_ERROR(current.status());
    return allocate_with(*context_, size, [&](CUdeviceptr* address, size_t bytes) {
      return context_->driver().cuMemAllocFromPoolAsync(address, bytes, handle_, handle_of(stream));
    });
  }

  void free(Stream& stream, DeviceMemory memory) override {
    const CurrentContext current(*context_);
    context_->warn(context_->driver().cuMemFreeAsync(address_of(memory), handle_of(stream)), "giving memory back");
  }

  void trim() override {
    const CurrentContext current(*context_);
    context_->warn(context_->driver().cuMemPoolTrimTo(handle_, 0), "giving unused memory back");
  }

 private:
  std::shared_ptr<const Context> context_;
  CUmemoryPool handle_;
};

class WaitingPool final : public StreamOrderedPool {
 public:
  explicit WaitingPool(std::shared_ptr<const Context> context) : context_(std::move(context)) {}

  Result<DeviceMemory> allocate(Stream&, size_t size) override {
    const CurrentContext current(*context_);
    HEARTH_RETURN_IF_ERROR(current.status());
    return allocate_memory(*context_, size);
  }

  void free(Stream& stream, DeviceMemory memory) override {
    const CurrentContext current(*context_);
    context_->warn(context_->driver().cuStreamSynchronize(handle_of(stream)), "running a stream's work");
    free_memory(*context_, memory);
  }

  void trim() override {}

 private:
  std::shared_ptr<const Context> context_;
};

}  // namespace

Result<DeviceMemory> allocate_memory(const Context& context, size_t size) {
  return allocate_with(context, size, context.driver().cuMemAlloc);
}

void free_memory(const Context& context, DeviceMemory memory) {
  context.warn(context.driver().cuMemFree(address_of(memory)), "giving memory back");
}

Result<std::unique_ptr<StreamOrderedPool>> create_memory_pool(std::shared_ptr<const Context> context) {
  const CurrentContext current(*context);
  HEARTH_RETURN_IF_ERROR(current.status());
  const Driver& driver = context->driver();
  int supported = 0;
  HEARTH_RETURN_IF_ERROR(context->check(
      driver.cuDeviceGetAttribute(&supported, CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED, context->device()),
      "asking for memory pools"));
  if (supported == 0) return std::unique_ptr<StreamOrderedPool>(std::make_unique<WaitingPool>(std::move(context)));
  CUmemPoolProps properties{};
  properties.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
  properties.location = {CU_MEM_LOCATION_TYPE_DEVICE, context->device()};
  CUmemoryPool handle = nullptr;
  HEARTH_RETURN_IF_ERROR(context->check(driver.cuMemPoolCreate(&handle, &properties), "making a memory pool"));
  auto pool = std::make_unique<DriverPool>(std::move(context), handle);
  HEARTH_RETURN_IF_ERROR(pool->keep_what_is_given_back());
  return std::unique_ptr<StreamOrderedPool>(std::move(pool));
}

}  // namespace hearth::cuda
