// The functions of CUDA's runtime library that AOTInductor's headers call, by the driver's; see driver_calls.cc. Their
// results are the driver's, of which the headers know success and "not ready".

#include "aoti/abi.h"
#include "aoti/cuda/forward.h"

using hearth::forward_to_driver;
using hearth::GpuScope;
using namespace hearth::cuda;  // CUDA's own names

namespace {

/// cudaMemcpyKind
enum class CopyKind : int { kHostToDevice = 1, kDeviceToHost = 2, kDeviceToDevice = 3 };

CUdeviceptr address_of(const void* pointer) { return reinterpret_cast<CUdeviceptr>(pointer); }

CUresult copy(const Driver& driver, void* to, const void* from, size_t size, CopyKind kind, CUstream stream) {
  switch (kind) {
    case CopyKind::kHostToDevice:
      return driver.cuMemcpyHtoDAsync(address_of(to), from, size, stream);
    case CopyKind::kDeviceToHost:
      return driver.cuMemcpyDtoHAsync(to, address_of(from), size, stream);
    case CopyKind::kDeviceToDevice:
      return driver.cuMemcpyDtoDAsync(address_of(to), address_of(from), size, stream);
  }
  return CUDA_ERROR_NOT_SUPPORTED;
}

}  // namespace

HEARTH_SHIM const char* hearth_cudaGetErrorString(CUresult error) {
  const GpuScope* scope = GpuScope::current();
  const char* text = nullptr;
  if (scope != nullptr) scope->context().driver().cuGetErrorString(error, &text);
  return text != nullptr ? text : "unknown error";
}

/// Whoever fails says so at once.
HEARTH_SHIM CUresult hearth_cudaGetLastError() { return CUDA_SUCCESS; }

/// Generated code knows one GPU, the scope's.
HEARTH_SHIM CUresult hearth_cudaGetDevice(int* device) {
  *device = 0;
  return CUDA_SUCCESS;
}

HEARTH_SHIM CUresult hearth_cudaSetDevice(int device) { return device == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE; }

HEARTH_SHIM CUresult hearth_cudaMalloc(void** pointer, size_t size) {
  return forward_to_driver(__func__, [&](const Driver& driver, const GpuScope&) {
    CUdeviceptr address = 0;
    const CUresult result = driver.cuMemAlloc(&address, size);
    *pointer = reinterpret_cast<void*>(address);
    return result;
  });
}

HEARTH_SHIM CUresult hearth_cudaFree(void* pointer) {
  if (pointer == nullptr) return CUDA_SUCCESS;
  return forward_to_driver(
      __func__, [&](const Driver& driver, const GpuScope&) { return driver.cuMemFree(address_of(pointer)); });
}

/// Returns when the copy is done.
HEARTH_SHIM CUresult hearth_cudaMemcpy(void* to, const void* from, size_t size, int kind) {
  return forward_to_driver(__func__, [&](const Driver& driver, const GpuScope& scope) {
    const CUresult result = copy(driver, to, from, size, static_cast<CopyKind>(kind), scope.stream());
    return result == CUDA_SUCCESS ? driver.cuStreamSynchronize(scope.stream()) : result;
  });
}

HEARTH_SHIM CUresult hearth_cudaEventCreate(CUevent* event) {
  return forward_to_driver(__func__,
                           [&](const Driver& driver, const GpuScope&) { return driver.cuEventCreate(event, 0); });
}

HEARTH_SHIM CUresult hearth_cudaEventDestroy(CUevent event) {
  return forward_to_driver(__func__,
                           [&](const Driver& driver, const GpuScope&) { return driver.cuEventDestroy(event); });
}

HEARTH_SHIM CUresult hearth_cudaEventRecord(CUevent event, CUstream stream) {
  return forward_to_driver(__func__,
                           [&](const Driver& driver, const GpuScope&) { return driver.cuEventRecord(event, stream); });
}

HEARTH_SHIM CUresult hearth_cudaEventQuery(CUevent event) {
  return forward_to_driver(__func__, [&](const Driver& driver, const GpuScope&) { return driver.cuEventQuery(event); });
}

HEARTH_SHIM CUresult hearth_cudaEventSynchronize(CUevent event) {
  return forward_to_driver(__func__,
                           [&](const Driver& driver, const GpuScope&) { return driver.cuEventSynchronize(event); });
}
