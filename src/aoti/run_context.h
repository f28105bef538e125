#pragma once

#include <string_view>

#include "aoti/abi.h"
#include "base/errors.h"
#include "kernels/context.h"

namespace hearth {

/// What users know a shim by: "convolution" for aoti_torch_cpu_convolution.
inline std::string_view operator_name(std::string_view shim) {
  constexpr std::string_view kPrefix = "aoti_torch_cpu_";
  return shim.starts_with(kPrefix) ? shim.substr(kPrefix.size()) : shim;
}

/// guard_shim for a shim that computes on the host, also for runs on a GPU: its body gets the context of the run, and
/// fails where there is none.
template <typename Body>
AotiError guard_kernel(std::string_view shim, Body&& body) noexcept {
  return guard_shim(shim, [&]() -> Status {
    const KernelContext* context = current_kernel_context();
    if (context == nullptr) return error(StatusCode::kInternal, "it was called outside of a run");
    const ScopedCall call(operator_name(shim));
    return context->gpu == nullptr ? body(*context) : run_on_host(*context, body);
  });
}

/// The same for a shim whose kernels run on GPUs too. They answer kUnavailable, before they have changed anything, for
/// what they have no form for there; the host computes that.
template <typename Body>
AotiError guard_device_kernel(std::string_view shim, Body&& body) noexcept {
  return guard_shim(shim, [&]() -> Status {
    const KernelContext* context = current_kernel_context();
    if (context == nullptr) return error(StatusCode::kInternal, "it was called outside of a run");
    const ScopedCall call(operator_name(shim));
    Status status = body(*context);
    if (context->gpu == nullptr || status.code() != StatusCode::kUnavailable) return status;
    return run_on_host(*context, body);
  });
}

}  // namespace hearth
