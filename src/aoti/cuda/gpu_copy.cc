#include "aoti/cuda/gpu_copy.h"

#include <algorithm>

#include "base/errors.h"
#include "hal/device.h"
#include "kernels/context.h"
#include "kernels/cuda/copy.h"
#include "tensor/copy.h"
#include "tensor/extent.h"
#include "tensor/layout.h"

namespace hearth {
namespace {

bool on_host(const Tensor& tensor) { return tensor.storage()->memory() == MemoryKind::kHost; }

DeviceMemory memory_of(const Tensor& tensor) { return {tensor.data(), extent_of(tensor).size()}; }

bool has_gaps(const Tensor& tensor) { return extent_of(tensor).size() != tensor.byte_count(); }

Result<const GpuWork*> gpu_work() {
  const KernelContext* context = current_kernel_context();
  if (context == nullptr || context->gpu == nullptr) {
    return error(StatusCode::kInternal, "memory of a GPU was used outside of a run on it");
  }
  return context->gpu;
}

}  // namespace

Result<Tensor> on_host_too(const Tensor& tensor) {
  if (on_host(tensor)) return tensor;
  HEARTH_ASSIGN_OR_RETURN(const GpuWork* gpu, gpu_work());
  HEARTH_ASSIGN_OR_RETURN(Tensor copy, gpu->host_pool->empty_strided(tensor.dtype(), tensor.shape(), tensor.strides()));
  HEARTH_RETURN_IF_ERROR(copy_with_gaps(copy, tensor));
  return copy;
}

Status copy_with_gaps(const Tensor& to, const Tensor& from) {
  if (on_host(to) && on_host(from)) return copy_strided(to, from);
  HEARTH_ASSIGN_OR_RETURN(const GpuWork* gpu, gpu_work());
  if (to.element_count() == 0) return {};
  if (on_host(from)) return gpu->device->copy_to_device(*gpu->stream, memory_of(to), 0, extent_of(from));
  if (!on_host(to))
    return gpu->device->copy(*gpu->stream, memory_of(to), 0, memory_of(from), 0, extent_of(from).size());
  HEARTH_RETURN_IF_ERROR(gpu->device->copy_to_host(*gpu->stream, extent_of(to), memory_of(from), 0));
  return gpu->stream->synchronize();
}

Status copy_anywhere(const Tensor& to, const Tensor& from) {
  if (on_host(to) && on_host(from)) return copy_strided(to, from);
  const bool same_shape = std::ranges::equal(to.shape(), from.shape());
  if (!same_shape || to.dtype() != from.dtype() || !same_layout(to.shape(), to.strides(), from.strides()) ||
      has_gaps(to)) {
    HEARTH_ASSIGN_OR_RETURN(const GpuWork* gpu, gpu_work());
    Status copied = gpu::copy_strided(*gpu, to, from);
    if (copied.code() != StatusCode::kUnavailable) return copied;
    HEARTH_ASSIGN_OR_RETURN(const Tensor source, on_host_too(from));
    HEARTH_ASSIGN_OR_RETURN(const Tensor target, on_host_too(to));
    HEARTH_RETURN_IF_ERROR(copy_strided(target, source));
    return on_host(to) ? Status() : copy_with_gaps(to, target);
  }
  return copy_with_gaps(to, from);
}

Status fill_zero_anywhere(const Tensor& tensor) {
  if (on_host(tensor)) return fill_zero(tensor);
  if (tensor.element_count() == 0) return {};
  if (has_gaps(tensor)) {
    HEARTH_ASSIGN_OR_RETURN(const Tensor filled, on_host_too(tensor));
    HEARTH_RETURN_IF_ERROR(fill_zero(filled));
    return copy_with_gaps(tensor, filled);
  }
  HEARTH_ASSIGN_OR_RETURN(const GpuWork* gpu, gpu_work());
  return gpu->device->fill(*gpu->stream, memory_of(tensor), 0, extent_of(tensor).size(), std::byte{0});
}

}  // namespace hearth
