// CUDA's functions as generated code knows them, under names of our own (python/hearth/export/include/cuda): they go to
// the driver that hal/cuda opened, for the GPU of the thread's GpuScope.

#include <array>

#include "aoti/abi.h"
#include "aoti/cuda/forward.h"
#include "hal/cuda/cuda_module.h"
#include "hal/cuda/module_image.h"

using hearth::forward_to_driver;
using hearth::GpuScope;
using hearth::Status;
using namespace hearth::cuda;  // CUDA's own names

HEARTH_SHIM CUresult hearth_cuGetErrorString(CUresult error, const char** text) {
  *text = "unknown error";
  const GpuScope* scope = GpuScope::current();
  return scope == nullptr ? CUDA_ERROR_NOT_INITIALIZED : scope->context().driver().cuGetErrorString(error, text);
}

/// `image` is PTX text up to its zero byte, or has its size in its header, and is part of a library that was checked.
HEARTH_SHIM CUresult hearth_cuModuleLoadData(CUmodule* module, const void* image) {
  return forward_to_driver(__func__, [&](const Driver& driver, const GpuScope& scope) {
    std::array<char, 8192> log{};
    const CUresult result = load_image(driver, module, image, log);
    if (result == CUDA_SUCCESS) return result;
    const Status status = load_error(scope.context(), scope.properties(), ptx_of(image), result, log.data());
    hearth::keep_shim_error("cuModuleLoadData", status.message());
    return result;
  });
}

/// Kernels lie in the library; a file is never read.
HEARTH_SHIM CUresult hearth_cuModuleLoad(CUmodule*, const char*) {
  hearth::keep_shim_error("cuModuleLoad", "models' kernels are not read from files");
  return CUDA_ERROR_NOT_SUPPORTED;
}

HEARTH_SHIM CUresult hearth_cuModuleUnload(CUmodule module) {
  return forward_to_driver(__func__,
                           [&](const Driver& driver, const GpuScope&) { return driver.cuModuleUnload(module); });
}

HEARTH_SHIM CUresult hearth_cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
  return forward_to_driver(__func__, [&](const Driver& driver, const GpuScope&) {
    return driver.cuModuleGetFunction(function, module, name);
  });
}

HEARTH_SHIM CUresult hearth_cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
  return forward_to_driver(__func__, [&](const Driver& driver, const GpuScope&) {
    return driver.cuFuncSetAttribute(function, attribute, value);
  });
}

HEARTH_SHIM CUresult hearth_cuLaunchKernel(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                                           unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,
                                           CUstream stream, void** parameters, void** extra) {
  return forward_to_driver(__func__, [&](const Driver& driver, const GpuScope&) {
    return driver.cuLaunchKernel(function, grid_x, grid_y, grid_z, block_x, block_y, block_z, shared_bytes, stream,
                                 parameters, extra);
  });
}
