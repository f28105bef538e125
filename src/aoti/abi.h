#pragma once

#include <cstdint>
#include <exception>
#include <new>
#include <string_view>

#include "aoti/host_detour.h"
#include "aoti/tensor_handle.h"
#include "hearth/status.h"
#include "hearth/tensor.h"
#include "kernels/profile.h"

/// The C functions that compiled models call. Their signatures are those of PyTorch's
/// torch/csrc/inductor/aoti_torch/c/shim.h and generated/c_shim_cpu.h; symbols.def lists them. All return 0, or 1 after
/// keeping a message for Module::run.
#define HEARTH_SHIM extern "C" __attribute__((visibility("default")))

namespace hearth {

using AotiError = int32_t;
inline constexpr AotiError kAotiSuccess = 0;
inline constexpr AotiError kAotiFailure = 1;

/// Keeps the message of the shim that failed on this thread; the first one counts, later ones follow from it.
void keep_shim_error(std::string_view shim, std::string_view message);
bool is_shim_error_kept();
/// The kept message, which is forgotten; empty when there is none.
std::string take_shim_error();

/// Runs the body of a shim, which returns a Status. Nothing it throws gets out: generated code is compiled against
/// another C++ library.
template <typename Body>
AotiError guard_shim(std::string_view shim, Body&& body) noexcept {
  try {
    const Status status = body();
    if (status.ok()) return kAotiSuccess;
    keep_shim_error(shim, status.message());
  } catch (const std::exception& exception) {
    keep_shim_error(shim, exception.what());
  } catch (...) {
    keep_shim_error(shim, "an unknown exception");
  }
  return kAotiFailure;
}

/// The tensor behind a handle, or an undefined one for null. On a detour through the host, its copy there.
inline const Tensor& tensor_of(AtenTensorHandle handle) {
  static const Tensor undefined;
  if (handle == nullptr) return undefined;
  if (Profile* profile = Profile::active()) [[unlikely]]
    profile->operand(handle->tensor);
  if (HostDetour* detour = HostDetour::active()) [[unlikely]]
    return detour->read(handle->tensor);
  return handle->tensor;
}
/// The same for a tensor whose elements the shim writes.
inline const Tensor& output_of(AtenTensorHandle handle) {
  const Tensor& tensor = tensor_of(handle);
  HostDetour* detour = handle == nullptr ? nullptr : HostDetour::active();
  return detour == nullptr ? tensor : detour->write(handle->tensor);
}
/// The same for an optional argument, which is a pointer to a handle.
inline const Tensor& tensor_of(const AtenTensorHandle* handle) { return tensor_of(handle ? *handle : nullptr); }

/// Hands a result out through `handle` as a new handle that the caller owns.
inline Status return_tensor(Result<Tensor> result, AtenTensorHandle* handle) {
  if (!result.ok()) return result.status();
  if (Profile* profile = Profile::active()) [[unlikely]]
    profile->operand(*result);
  if (HostDetour* detour = HostDetour::active()) [[unlikely]] {
    result = detour->bring(*std::move(result));
    if (!result.ok()) return result.status();
  }
  *handle = new_handle(*std::move(result));
  return {};
}

}  // namespace hearth
