#pragma once

#include <exception>
#include <new>
#include <string_view>

#include "hearth/hearth.h"
#include "hearth/status.h"

namespace hearth {

/// Writes code and message to `error`, which may be null, and returns the code. Takes no memory.
hearth_status report(StatusCode code, std::string_view message, hearth_error* error) noexcept;

/// Runs the body of a C function: a callable that returns a Status. No exception leaves it.
template <typename Body>
hearth_status guarded(hearth_error* error, Body&& body) noexcept {
  try {
    const Status status = body();
    return report(status.code(), status.message(), error);
  } catch (const std::bad_alloc&) {
    return report(StatusCode::kOutOfMemory, "there is no memory left", error);
  } catch (const std::exception& problem) {
    return report(StatusCode::kInternal, problem.what(), error);
  }
}

}  // namespace hearth
