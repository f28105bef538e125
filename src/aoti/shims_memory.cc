// Memory for generated code: from the run's pool, or from the system while a model is loaded.

#include "aoti/borrowed_storage.h"
#include "aoti/cuda/gpu_copy.h"
#include "aoti/cuda/gpu_scope.h"
#include "aoti/shim_arguments.h"
#include "base/errors.h"
#include "kernels/context.h"
#include "kernels/operands.h"
#include "tensor/copy.h"
#include "tensor/layout.h"

namespace hearth {
namespace {

constexpr int32_t kStrided = 0;

Result<DType> dtype_of(int32_t value) {
  if (!is_dtype(value)) return invalid_argument("dtype {} is not supported", value);
  return static_cast<DType>(value);
}

/// A GPU's memory belongs to code that runs on it.
Result<MemoryKind> memory_of(int32_t device) {
  if (device == static_cast<int32_t>(MemoryKind::kHost)) return MemoryKind::kHost;
  if (device == static_cast<int32_t>(MemoryKind::kCuda) && GpuScope::current() != nullptr) return MemoryKind::kCuda;
  return unavailable("memory of device type {} was asked for, and this target does not run there", device);
}

/// A run that has failed ends here: generated code goes on behind a parallel region that it left early.
Result<Tensor> allocate(DType dtype, std::span<const int64_t> shape, std::span<const int64_t> strides,
                        MemoryKind memory) {
  if (is_shim_error_kept()) return error(StatusCode::kFailed, "the run has failed before");
  const KernelContext* context = current_kernel_context();
  if (context == nullptr) {
    if (memory != MemoryKind::kHost) return error(StatusCode::kInternal, "it was called outside of a run");
    return Tensor::empty_strided(dtype, shape, strides);
  }
  MemoryPool& pool = memory == MemoryKind::kHost ? context->host_pool() : *context->pool;
  return pool.empty_strided(dtype, shape, strides);
}

Result<Tensor> clone_of(const Tensor& tensor) {
  HEARTH_RETURN_IF_ERROR(check_defined("clone", "self", tensor));
  HEARTH_ASSIGN_OR_RETURN(Tensor copy,
                          allocate(tensor.dtype(), tensor.shape(), tensor.strides(), tensor.storage()->memory()));
  HEARTH_RETURN_IF_ERROR(copy_with_gaps(copy, tensor));
  return copy;
}

}  // namespace
}  // namespace hearth

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::DType;
using hearth::Status;
using hearth::Tensor;

HEARTH_SHIM AotiError aoti_torch_empty_strided(int64_t rank, const int64_t* sizes, const int64_t* strides,
                                               int32_t dtype, int32_t device, int32_t, AtenTensorHandle* tensor) {
  return hearth::guard_shim(__func__, [&]() -> Status {
    HEARTH_ASSIGN_OR_RETURN(const hearth::MemoryKind memory, hearth::memory_of(device));
    HEARTH_RETURN_IF_ERROR(hearth::check_rank(rank));
    HEARTH_ASSIGN_OR_RETURN(const DType type, hearth::dtype_of(dtype));
    return hearth::return_tensor(
        hearth::allocate(type, hearth::list_of(sizes, rank), hearth::list_of(strides, rank), memory), tensor);
  });
}

HEARTH_SHIM AotiError aoti_torch_empty_strided_pinned(int64_t rank, const int64_t* sizes, const int64_t* strides,
                                                      int32_t dtype, int32_t device, int32_t index,
                                                      AtenTensorHandle* tensor) {
  return aoti_torch_empty_strided(rank, sizes, strides, dtype, device, index, tensor);
}

/// The caller keeps `data` alive. `offset` counts elements from it.
HEARTH_SHIM AotiError aoti_torch_create_tensor_from_blob_v2(void* data, int64_t rank, const int64_t* sizes,
                                                            const int64_t* strides, int64_t offset, int32_t dtype,
                                                            int32_t device, int32_t, AtenTensorHandle* tensor,
                                                            int32_t layout, const uint8_t*, int64_t) {
  return hearth::guard_shim(__func__, [&]() -> Status {
    HEARTH_ASSIGN_OR_RETURN(const hearth::MemoryKind memory, hearth::memory_of(device));
    if (layout != hearth::kStrided) return hearth::invalid_argument("layout {} is not supported", layout);
    HEARTH_ASSIGN_OR_RETURN(const DType type, hearth::dtype_of(dtype));
    HEARTH_RETURN_IF_ERROR(hearth::check_rank(rank));
    const auto shape = hearth::list_of(sizes, rank);
    const auto steps = hearth::list_of(strides, rank);
    const hearth::CheckedSize end = hearth::CheckedSize(offset) + hearth::element_extent(shape, steps);
    const auto bytes = hearth::elements_to_bytes(end, type).as<size_t>();
    if (!bytes) return hearth::invalid_argument("the shape {} is not that of memory", hearth::describe_shape(shape));
    if (data == nullptr && *bytes > 0) return hearth::invalid_argument("a tensor of memory needs an address");
    return hearth::return_tensor(Tensor::view(hearth::borrow_storage(data, *bytes, memory), type, shape, steps, offset),
                                 tensor);
  });
}

HEARTH_SHIM AotiError aoti_torch_create_tensor_from_blob(void* data, int64_t rank, const int64_t* sizes,
                                                         const int64_t* strides, int64_t offset, int32_t dtype,
                                                         int32_t device, int32_t index, AtenTensorHandle* tensor) {
  return aoti_torch_create_tensor_from_blob_v2(data, rank, sizes, strides, offset, dtype, device, index, tensor,
                                               hearth::kStrided, nullptr, 0);
}

HEARTH_SHIM AotiError aoti_torch_new_uninitialized_tensor(AtenTensorHandle* tensor) {
  return hearth::guard_shim(__func__, [&] {
    *tensor = hearth::new_handle(Tensor());
    return Status();
  });
}

HEARTH_SHIM AotiError aoti_torch_clone(AtenTensorHandle handle, AtenTensorHandle* copy) {
  return hearth::guard_shim(__func__,
                            [&] { return hearth::return_tensor(hearth::clone_of(hearth::tensor_of(handle)), copy); });
}

HEARTH_SHIM AotiError aoti_torch_clone_preserve_strides(AtenTensorHandle handle, AtenTensorHandle* copy) {
  return aoti_torch_clone(handle, copy);
}

HEARTH_SHIM AotiError aoti_torch_copy_(AtenTensorHandle to, AtenTensorHandle from, int32_t) {
  return hearth::guard_shim(__func__, [&]() -> Status {
    const Tensor& source = hearth::tensor_of(from);
    const Tensor& target = hearth::tensor_of(to);
    HEARTH_RETURN_IF_ERROR(hearth::check_defined("copy_", "self", target));
    HEARTH_ASSIGN_OR_RETURN(const Tensor expanded, hearth::expand_to(source, target.shape()));
    return hearth::copy_anywhere(target, expanded);
  });
}

HEARTH_SHIM AotiError aoti_torch_tensor_copy_(AtenTensorHandle from, AtenTensorHandle to) {
  return aoti_torch_copy_(to, from, 0);
}

HEARTH_SHIM AotiError aoti_torch_zero_(AtenTensorHandle tensor) {
  return hearth::guard_shim(__func__, [&]() -> Status {
    HEARTH_RETURN_IF_ERROR(hearth::check_defined("zero_", "self", hearth::tensor_of(tensor)));
    return hearth::fill_zero_anywhere(hearth::tensor_of(tensor));
  });
}
