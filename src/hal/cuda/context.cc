#include "hal/cuda/context.h"

#include <array>

#include "base/errors.h"
#include "base/log.h"
#include "hal/cuda/driver_errors.h"
#include "hal/cuda/driver_versions.h"

namespace hearth::cuda {
namespace {

Result<int> attribute(const Driver& driver, CUdevice device, CUdevice_attribute which) {
  int value = 0;
  const CUresult result = driver.cuDeviceGetAttribute(&value, which, device);
  if (result != CUDA_SUCCESS) {
    return driver_error(driver, result, fmt::format("cuda: asking for attribute {}", static_cast<int>(which)));
  }
  return value;
}

Result<CUdevice> find_device(const Driver& driver, int ordinal) {
  int count = 0;
  if (const CUresult result = driver.cuDeviceGetCount(&count)) {
    return driver_error(driver, result, "cuda: counting GPUs");
  }
  if (count == 0) return driver_error(driver, CUDA_ERROR_NO_DEVICE, "cuda");
  if (ordinal < 0 || ordinal >= count) {
    return unavailable("there is no device 'cuda:{}': this machine's NVIDIA GPUs are cuda:0 to cuda:{}", ordinal,
                       count - 1);
  }
  CUdevice device = 0;
  if (const CUresult result = driver.cuDeviceGet(&device, ordinal)) {
    return driver_error(driver, result, fmt::format("cuda:{}: opening it", ordinal));
  }
  return device;
}

}  // namespace

Result<DeviceProperties> gpu_properties(const Driver& driver, int ordinal) {
  HEARTH_ASSIGN_OR_RETURN(const CUdevice device, find_device(driver, ordinal));
  const std::string name = fmt::format("cuda:{}", ordinal);
  std::array<char, 256> description{};
  if (const CUresult result = driver.cuDeviceGetName(description.data(), description.size() - 1, device)) {
    return driver_error(driver, result, name + ": asking for its name");
  }
  size_t memory = 0;
  if (const CUresult result = driver.cuDeviceTotalMem(&memory, device)) {
    return driver_error(driver, result, name + ": asking for its memory");
  }
  const auto get = [&](CUdevice_attribute which) { return attribute(driver, device, which); };
  HEARTH_ASSIGN_OR_RETURN(const int major, get(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR));
  HEARTH_ASSIGN_OR_RETURN(const int minor, get(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR));
  HEARTH_ASSIGN_OR_RETURN(const int units, get(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT));
  HEARTH_ASSIGN_OR_RETURN(const int shared, get(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN));
  return DeviceProperties{
      .name = name,
      .description = description.data(),
      .architecture = fmt::format("sm_{}{}", major, minor),
      .driver = fmt::format("driver {} (CUDA {})", driver_branch(driver.version), version_text(driver.version)),
      .memory_bytes = memory,
      .shared_bytes = static_cast<uint32_t>(shared),
      .compute_units = units,
      .memory = MemoryKind::kCuda,
      .host_memory = false,
      .executes = true};
}

Result<std::shared_ptr<const Context>> Context::retain(std::shared_ptr<const Driver> driver, int ordinal) {
  HEARTH_ASSIGN_OR_RETURN(const CUdevice device, find_device(*driver, ordinal));
  std::shared_ptr<Context> context(new Context(std::move(driver), device, fmt::format("cuda:{}", ordinal)));
  CUcontext handle = nullptr;
  HEARTH_RETURN_IF_ERROR(
      context->check(context->driver().cuDevicePrimaryCtxRetain(&handle, device), "opening the device"));
  context->handle_ = handle;
  return std::shared_ptr<const Context>(std::move(context));
}

Context::~Context() {
  if (!handle_) return;
  warn(driver_->cuDevicePrimaryCtxRelease(device_), "closing the device");
}

Status Context::failure(CUresult result, std::string_view what) const {
  return driver_error(*driver_, result, fmt::format("{}: {}", name_, what));
}

void Context::warn(CUresult result, std::string_view what) const {
  // At the end of a process the driver may be gone before us, and everything with it.
  if (result == CUDA_SUCCESS || result == CUDA_ERROR_DEINITIALIZED) return;
  write_warning(failure(result, what).message());
}

CurrentContext::CurrentContext(const Context& context) : context_(context) {
  const Driver& driver = context.driver();
  CUcontext current = nullptr;
  if (driver.cuCtxGetCurrent(&current) == CUDA_SUCCESS && current == context.handle()) return;
  CUresult result = driver.cuCtxPushCurrent(context.handle());
  // Calls may report errors of work before them, once: what gives something back has to be done all the same.
  if (result != CUDA_SUCCESS) result = driver.cuCtxPushCurrent(context.handle());
  pushed_ = result == CUDA_SUCCESS;
  status_ = context.check(result, "using the device on this thread");
}

CurrentContext::~CurrentContext() {
  CUcontext popped = nullptr;
  if (pushed_) (void)context_.driver().cuCtxPopCurrent(&popped);
}

}  // namespace hearth::cuda
