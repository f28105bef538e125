#pragma once

#include <fmt/format.h>

#include <string_view>

namespace hearth {

/// Writes "hearth: warning: <message>" to standard error, unless HEARTH_LOG=quiet. Thread-safe.
void write_warning(std::string_view message);

template <typename... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  write_warning(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace hearth
