#pragma once

#include <array>
#include <initializer_list>
#include <string>

#include "base/errors.h"
#include "hal/device.h"
#include "kernels/context.h"
#include "kernels/gpu_kernels.h"

namespace hearth::gpu {

/// kUnavailable unless all tensors that are defined lie on a GPU.
Status check_on_gpu(std::initializer_list<const Tensor*> tensors);

/// Gives `name` of the file `family` to the GPU, with its parameters, which have the very types that the .cu file
/// declares: addresses as pointers, numbers of the same size.
template <typename... Parameters>
Status launch(const GpuWork& gpu, const std::string& family, const std::string& name, const LaunchShape& shape,
              Parameters... parameters) {
  HEARTH_ASSIGN_OR_RETURN(DeviceFunction * function, gpu.kernels->function(family, name));
  if (shape.shared_bytes > 0) HEARTH_RETURN_IF_ERROR(function->allow_shared_bytes(shape.shared_bytes));
  const std::array<void*, sizeof...(parameters)> addresses{&parameters...};
  return function->launch(*gpu.stream, shape, addresses);
}

}  // namespace hearth::gpu
