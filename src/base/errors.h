#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hearth/status.h"

namespace hearth {

/// A Status of `code` with a formatted message: `error(StatusCode::kInvalidFile, "zip: entry '{}' …", name)`.
template <typename... Args>
Status error(StatusCode code, fmt::format_string<Args...> format, Args&&... args) {
  return {code, fmt::format(format, std::forward<Args>(args)...)};
}

template <typename... Args>
Status invalid_argument(fmt::format_string<Args...> format, Args&&... args) {
  return error(StatusCode::kInvalidArgument, format, std::forward<Args>(args)...);
}

template <typename... Args>
Status invalid_file(fmt::format_string<Args...> format, Args&&... args) {
  return error(StatusCode::kInvalidFile, format, std::forward<Args>(args)...);
}

template <typename... Args>
Status unavailable(fmt::format_string<Args...> format, Args&&... args) {
  return error(StatusCode::kUnavailable, format, std::forward<Args>(args)...);
}

}  // namespace hearth

/// Returns from the enclosing function when the expression, a Status, is an error.
#define HEARTH_RETURN_IF_ERROR(expression)                                                           \
  do {                                                                                               \
    if (::hearth::Status hearth_status_ = (expression); !hearth_status_.ok()) return hearth_status_; \
  } while (false)

#define HEARTH_CONCATENATE_INNER(a, b) a##b
#define HEARTH_CONCATENATE(a, b) HEARTH_CONCATENATE_INNER(a, b)

/// `HEARTH_ASSIGN_OR_RETURN(auto x, f());` declares x from a Result, or returns its Status.
#define HEARTH_ASSIGN_OR_RETURN(declaration, expression) \
  HEARTH_ASSIGN_OR_RETURN_INNER(HEARTH_CONCATENATE(hearth_result_, __LINE__), declaration, expression)
#define HEARTH_ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
  auto result = (expression);                                          \
  if (!result.ok()) return result.status();                            \
  declaration = std::move(result).value()
