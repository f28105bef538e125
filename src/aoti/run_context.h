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

/// guard_shim for a shim that computes: its body gets the context of the run, and fails where there is none.
template <typename Body>
AotiError guard_kernel(std::string_view shim, Body&& body) noexcept {
  return guard_shim(shim, [&]() -> Status {
    const KernelContext* context = current_kernel_context();
    if (context == nullptr) return error(StatusCode::kInternal, "it was called outside of a run");
    const ScopedCall call(operator_name(shim));
    return body(*context);
  });
}

}  // namespace hearth
