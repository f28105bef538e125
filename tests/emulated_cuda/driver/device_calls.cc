#include <algorithm>
#include <cstring>

#include "emulated_cuda/driver/call.h"
#include "emulated_cuda/driver/gpu_limits.h"

namespace hearth::emulated_cuda {
namespace {

Gpu* gpu_of(State& state, CUdevice device) {
  if (device < 0 || static_cast<size_t>(device) >= state.gpus.size()) return nullptr;
  return state.gpus[static_cast<size_t>(device)].get();
}

}  // namespace

extern "C" {

CUresult cuInit(unsigned flags) {
  EMULATED_CALL("cuInit");
  if (flags != 0) return CUDA_ERROR_INVALID_VALUE;
  if (state.gpus.empty()) return CUDA_ERROR_NO_DEVICE;
  state.initialized = true;
  return CUDA_SUCCESS;
}

CUresult cuDriverGetVersion(int* version) {
  EMULATED_CALL("cuDriverGetVersion");
  if (!version) return CUDA_ERROR_INVALID_VALUE;
  *version = state.settings.cuda_version;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int* count) {
  EMULATED_CALL("cuDeviceGetCount");
  if (!count) return CUDA_ERROR_INVALID_VALUE;
  *count = static_cast<int>(state.gpus.size());
  return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  EMULATED_CALL("cuDeviceGet");
  if (!device) return CUDA_ERROR_INVALID_VALUE;
  if (!gpu_of(state, ordinal)) return CUDA_ERROR_INVALID_DEVICE;
  *device = ordinal;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char* name, int size, CUdevice device) {
  EMULATED_CALL("cuDeviceGetName");
  if (!name || size <= 0) return CUDA_ERROR_INVALID_VALUE;
  if (!gpu_of(state, device)) return CUDA_ERROR_INVALID_DEVICE;
  constexpr std::string_view kName = "Emulated GPU";
  const size_t length = std::min(kName.size(), static_cast<size_t>(size) - 1);
  std::memcpy(name, kName.data(), length);
  name[length] = '\0';
  return CUDA_SUCCESS;
}

CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
  EMULATED_CALL("cuDeviceTotalMem_v2");
  const Gpu* gpu = gpu_of(state, device);
  if (!bytes) return CUDA_ERROR_INVALID_VALUE;
  if (!gpu) return CUDA_ERROR_INVALID_DEVICE;
  *bytes = gpu->memory.capacity();
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice device) {
  EMULATED_CALL("cuDeviceGetAttribute");
  if (!value) return CUDA_ERROR_INVALID_VALUE;
  if (!gpu_of(state, device)) return CUDA_ERROR_INVALID_DEVICE;
  switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
      *value = kMostThreads;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
      *value = kMultiprocessors;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
      *value = kMajor;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
      *value = kMinor;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
      *value = kMostSharedBytes;
      return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED:
      *value = state.settings.memory_pools;
      return CUDA_SUCCESS;
  }
  return CUDA_ERROR_INVALID_VALUE;  // What nobody asked for yet.
}

CUresult cuDeviceCanAccessPeer(int* can, CUdevice device, CUdevice peer) {
  EMULATED_CALL("cuDeviceCanAccessPeer");
  if (!can) return CUDA_ERROR_INVALID_VALUE;
  if (!gpu_of(state, device) || !gpu_of(state, peer) || device == peer) return CUDA_ERROR_INVALID_DEVICE;
  *can = 0;
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  EMULATED_CALL("cuDevicePrimaryCtxRetain");
  Gpu* gpu = gpu_of(state, device);
  if (!context) return CUDA_ERROR_INVALID_VALUE;
  if (!gpu) return CUDA_ERROR_INVALID_DEVICE;
  if (gpu->context && gpu->context->lost != CUDA_SUCCESS) return gpu->context->lost;
  if (!gpu->context) {
    gpu->context = std::make_unique<Context>();
    gpu->context->gpu = gpu;
    gpu->context->legacy.context = gpu->context.get();
  }
  gpu->retained += 1;
  *context = handle_of<CUcontext>(gpu->context.get());
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  EMULATED_CALL("cuDevicePrimaryCtxRelease_v2", kGivesBack);
  Gpu* gpu = gpu_of(state, device);
  if (!gpu) return CUDA_ERROR_INVALID_DEVICE;
  if (gpu->retained == 0) return CUDA_ERROR_INVALID_CONTEXT;
  gpu->retained -= 1;
  if (gpu->retained == 0) state.destroy_context(*gpu);
  return call.finish(CUDA_SUCCESS);
}

CUresult cuCtxGetCurrent(CUcontext* context) {
  EMULATED_CALL("cuCtxGetCurrent");
  if (!context) return CUDA_ERROR_INVALID_VALUE;
  const std::vector<CUcontext>& stack = current_contexts();
  *context = stack.empty() ? nullptr : stack.back();
  return CUDA_SUCCESS;
}

CUresult cuCtxPushCurrent_v2(CUcontext context) {
  EMULATED_CALL("cuCtxPushCurrent_v2");
  if (!state.context(context)) return CUDA_ERROR_INVALID_CONTEXT;
  current_contexts().push_back(context);
  return CUDA_SUCCESS;
}

CUresult cuCtxPopCurrent_v2(CUcontext* context) {
  EMULATED_CALL("cuCtxPopCurrent_v2", kGivesBack);
  std::vector<CUcontext>& stack = current_contexts();
  if (stack.empty()) return CUDA_ERROR_INVALID_CONTEXT;
  if (context) *context = stack.back();
  stack.pop_back();
  return call.finish(CUDA_SUCCESS);
}

}  // extern "C"
}  // namespace hearth::emulated_cuda
