// What generated code asks of a tensor, and the views it makes.

#include "aoti/shim_arguments.h"
#include "base/checked.h"
#include "base/errors.h"

namespace hearth {
namespace {

constexpr int32_t kStrided = 0;

size_t storage_size(AtenTensorHandle handle) {
  const StorageRef& storage = tensor_of(handle).storage();
  return storage ? storage->size() : 0;
}

Result<int64_t> dimension_of(const Tensor& tensor, std::span<const int64_t> values, int64_t dimension) {
  const int64_t rank = tensor.rank();
  if (dimension < -rank || dimension >= rank) {
    return invalid_argument("dimension {} of {} was asked for", dimension, describe(tensor));
  }
  return values[static_cast<size_t>(dimension < 0 ? dimension + rank : dimension)];
}

}  // namespace
}  // namespace hearth

using hearth::AotiError;
using hearth::AtenTensorHandle;
using hearth::DType;
using hearth::kAotiSuccess;
using hearth::Status;
using hearth::Tensor;

HEARTH_SHIM AotiError aoti_torch_delete_tensor_object(AtenTensorHandle handle) {
  hearth::delete_handle(handle);
  return kAotiSuccess;
}

HEARTH_SHIM AotiError aoti_torch_new_tensor_handle(AtenTensorHandle handle, AtenTensorHandle* copy) {
  return hearth::guard_shim(__func__, [&] {
    *copy = hearth::new_handle(hearth::tensor_of(handle));
    hearth::ScopedHandleRecorder::record(*copy);
    return Status();
  });
}

HEARTH_SHIM AotiError aoti_torch_get_data_ptr(AtenTensorHandle handle, void** data) {
  *data = hearth::tensor_of(handle).data();
  return kAotiSuccess;
}

HEARTH_SHIM AotiError aoti_torch_get_const_data_ptr(AtenTensorHandle handle, const void** data) {
  *data = hearth::tensor_of(handle).data();
  return kAotiSuccess;
}

HEARTH_SHIM AotiError aoti_torch_get_mutable_data_ptr(AtenTensorHandle handle, void** data) {
  *data = hearth::tensor_of(handle).data();
  return kAotiSuccess;
}

HEARTH_SHIM AotiError aoti_torch_get_storage_size(AtenTensorHandle handle, int64_t* size) {
  *size = static_cast<int64_t>(hearth::storage_size(handle));
  return kAotiSuccess;
}

HEARTH_SHIM AotiError aoti_torch_get_storage_numel(AtenTensorHandle handle, int64_t* count) {
  *count =
      static_cast<int64_t>(hearth::storage_size(handle)) * 8 / hearth::dtype_bits(hearth::tensor_of(handle).dtype());
  return kAotiSuccess;
}

HEARTH_SHIM AotiError aoti_torch_get_dim(AtenTensorHandle handle, int64_t* rank) {
  *rank = hearth::tensor_of(handle).rank();
  return kAotiSuccess;
}

HEARTH_SHIM AotiError aoti_torch_get_numel(AtenTensorHandle handle, int64_t* count) {
  const Tensor& tensor = hearth::tensor_of(handle);
  *count = tensor.defined() ? tensor.element_count() : 0;
  return kAotiSuccess;
}

// The interface hands sizes and strides out as mutable, and nobody writes to them.
HEARTH_SHIM AotiError aoti_torch_get_sizes(AtenTensorHandle handle, int64_t** sizes) {
  *sizes = const_cast<int64_t*>(hearth::tensor_of(handle).shape().data());
  return kAotiSuccess;
}

HEARTH_SHIM AotiError aoti_torch_get_strides(AtenTensorHandle handle, int64_t** strides) {
  *strides = const_cast<int64_t*>(hearth::tensor_of(handle).strides().data());
  return kAotiSuccess;
}

HEARTH_SHIM AotiError aoti_torch_get_size(AtenTensorHandle handle, int64_t dimension, int64_t* size) {
  return hearth::guard_shim(__func__, [&]() -> Status {
    HEARTH_ASSIGN_OR_RETURN(
        *size, hearth::dimension_of(hearth::tensor_of(handle), hearth::tensor_of(handle).shape(), dimension));
    return {};
  });
}

HEARTH_SHIM AotiError aoti_torch_get_stride(AtenTensorHandle handle, int64_t dimension, int64_t* stride) {
  return hearth::guard_shim(__func__, [&]() -> Status {
    HEARTH_ASSIGN_OR_RETURN(
        *stride, hearth::dimension_of(hearth::tensor_of(handle), hearth::tensor_of(handle).strides(), dimension));
    return {};
  });
}

HEARTH_SHIM AotiError aoti_torch_get_dtype(AtenTensorHandle handle, int32_t* dtype) {
  *dtype = static_cast<int32_t>(hearth::tensor_of(handle).dtype());
  return kAotiSuccess;
}

HEARTH_SHIM AotiError aoti_torch_get_device_type(AtenTensorHandle handle, int32_t* device) {
  const Tensor& tensor = hearth::tensor_of(handle);
  *device = static_cast<int32_t>(tensor.defined() ? tensor.storage()->memory() : hearth::MemoryKind::kHost);
  return kAotiSuccess;
}

HEARTH_SHIM AotiError aoti_torch_get_device_index(AtenTensorHandle, int32_t* index) {
  *index = 0;
  return kAotiSuccess;
}

HEARTH_SHIM AotiError aoti_torch_get_layout(AtenTensorHandle, int32_t* layout) {
  *layout = hearth::kStrided;
  return kAotiSuccess;
}

HEARTH_SHIM AotiError aoti_torch_get_storage_offset(AtenTensorHandle handle, int64_t* offset) {
  *offset = hearth::tensor_of(handle).offset();
  return kAotiSuccess;
}

HEARTH_SHIM AotiError aoti_torch_is_contiguous(AtenTensorHandle handle, bool* contiguous) {
  *contiguous = hearth::tensor_of(handle).is_contiguous();
  return kAotiSuccess;
}

HEARTH_SHIM AotiError aoti_torch_is_defined(AtenTensorHandle handle, bool* defined) {
  *defined = hearth::tensor_of(handle).defined();
  return kAotiSuccess;
}

/// `offset` counts from the tensor's own first element.
HEARTH_SHIM AotiError aoti_torch__reinterpret_tensor(AtenTensorHandle handle, int64_t rank, const int64_t* sizes,
                                                     const int64_t* strides, int64_t offset, AtenTensorHandle* view) {
  return hearth::guard_shim(__func__, [&]() -> Status {
    HEARTH_RETURN_IF_ERROR(hearth::check_rank(rank));
    const Tensor& tensor = hearth::tensor_of(handle);
    int64_t begin = 0;
    if (__builtin_add_overflow(tensor.offset(), offset, &begin)) {
      return hearth::invalid_argument("a view at element {} was asked for", offset);
    }
    return hearth::return_tensor(Tensor::view(tensor.storage(), tensor.dtype(), hearth::list_of(sizes, rank),
                                              hearth::list_of(strides, rank), begin),
                                 view);
  });
}

HEARTH_SHIM AotiError aoti_torch_as_strided(AtenTensorHandle handle, const int64_t* sizes, const int64_t* strides,
                                            AtenTensorHandle* view) {
  return aoti_torch__reinterpret_tensor(handle, hearth::tensor_of(handle).rank(), sizes, strides, 0, view);
}

HEARTH_SHIM AotiError aoti_torch__alloc_from_pool(AtenTensorHandle pool, int64_t offset_bytes, int32_t dtype,
                                                  int64_t rank, const int64_t* sizes, const int64_t* strides,
                                                  AtenTensorHandle* tensor) {
  return hearth::guard_shim(__func__, [&]() -> Status {
    if (!hearth::is_dtype(dtype)) return hearth::invalid_argument("{} is not a dtype", dtype);
    HEARTH_RETURN_IF_ERROR(hearth::check_rank(rank));
    const auto type = static_cast<DType>(dtype);
    const auto bits = (hearth::CheckedSize(offset_bytes) * hearth::CheckedSize(8)).as<int64_t>();
    if (!bits) return hearth::invalid_argument("a tensor at byte {} was asked for", offset_bytes);
    return hearth::return_tensor(Tensor::view(hearth::tensor_of(pool).storage(), type, hearth::list_of(sizes, rank),
                                              hearth::list_of(strides, rank), *bits / hearth::dtype_bits(type)),
                                 tensor);
  });
}

HEARTH_SHIM AotiError aoti_torch_assign_tensors(AtenTensorHandle from, AtenTensorHandle to) {
  return hearth::guard_shim(__func__, [&]() -> Status {
    if (to == nullptr) return hearth::invalid_argument("there is no tensor to assign to");
    to->tensor = hearth::tensor_of(from);
    return {};
  });
}

HEARTH_SHIM AotiError aoti_torch_assign_tensors_out(AtenTensorHandle from, AtenTensorHandle* copy) {
  return hearth::guard_shim(__func__, [&] {
    *copy = hearth::new_handle(hearth::tensor_of(from));
    return Status();
  });
}
