#pragma once

#include <string_view>

#include "aoti/abi.h"
#include "aoti/cuda/gpu_scope.h"
#include "hal/cuda/driver.h"

namespace hearth {

/// Calls `function(driver, scope)` for generated code's call of `name`, and returns its result. What fails is kept for
/// Module::run, whose message is for people.
template <typename Function>
cuda::CUresult forward_to_driver(std::string_view name, Function&& function) {
  const GpuScope* scope = GpuScope::current();
  if (scope == nullptr) {
    keep_shim_error(name, "it was called outside of a run on a GPU");
    return cuda::CUDA_ERROR_NOT_INITIALIZED;
  }
  const cuda::CUresult result = function(scope->context().driver(), *scope);
  if (result != cuda::CUDA_SUCCESS && result != cuda::CUDA_ERROR_NOT_READY) {
    keep_shim_error(name, scope->context().check(result, "running the model's code").message());
  }
  return result;
}

}  // namespace hearth
