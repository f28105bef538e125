#pragma once

#include <string_view>

#include "aoti/abi.h"
#include "base/errors.h"
#include "kernels/context.h"

namespace hearth {

/// guard_shim for a shim that computes: its body gets the context of the run, and fails where there is none.
template <typename Body>
AotiError guard_kernel(std::string_view shim, Body&& body) noexcept {
  return guard_shim(shim, [&]() -> Status {
    const KernelContext* context = current_kernel_context();
    if (context == nullptr) return error(StatusCode::kInternal, "it was called outside of a run");
    return body(*context);
  });
}

}  // namespace hearth
