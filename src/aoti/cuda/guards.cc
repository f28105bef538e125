// What generated code makes current before it launches kernels. The run's GpuScope has done so already: the handles
// stand for nothing.

#include "aoti/abi.h"
#include "aoti/cuda/gpu_scope.h"
#include "base/errors.h"

using hearth::AotiError;
using hearth::GpuScope;
using hearth::Status;

namespace {

char guard;

/// Generated code knows one GPU, the scope's.
Status enter(int32_t index, void** handle) {
  if (GpuScope::current() == nullptr)
    return hearth::error(hearth::StatusCode::kInternal, "it was called outside of a run on a GPU");
  if (index != 0) return hearth::unavailable("the code asks for GPU {}; models run on one", index);
  *handle = &guard;
  return {};
}

}  // namespace

HEARTH_SHIM AotiError aoti_torch_create_cuda_guard(int32_t index, void** handle) {
  return hearth::guard_shim(__func__, [&] { return enter(index, handle); });
}

HEARTH_SHIM AotiError aoti_torch_delete_cuda_guard(void*) { return hearth::kAotiSuccess; }

HEARTH_SHIM AotiError aoti_torch_cuda_guard_set_index(void* handle, int32_t index) {
  return hearth::guard_shim(__func__, [&] { return enter(index, &handle); });
}

HEARTH_SHIM AotiError aoti_torch_create_cuda_stream_guard(void*, int32_t index, void** handle) {
  return hearth::guard_shim(__func__, [&] { return enter(index, handle); });
}

HEARTH_SHIM AotiError aoti_torch_delete_cuda_stream_guard(void*) { return hearth::kAotiSuccess; }

HEARTH_SHIM AotiError aoti_torch_get_current_cuda_stream(int32_t index, void** stream) {
  return hearth::guard_shim(__func__, [&]() -> Status {
    void* handle = nullptr;
    HEARTH_RETURN_IF_ERROR(enter(index, &handle));
    *stream = GpuScope::current()->stream();
    return {};
  });
}
