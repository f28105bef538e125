#include "aoti/abi.h"

#include <string>
#include <utility>

#include "base/errors.h"

namespace hearth {
namespace {

thread_local std::string t_error;

}  // namespace

void keep_shim_error(std::string_view shim, std::string_view message) {
  if (t_error.empty()) t_error = fmt::format("{}: {}", shim, message);
}

bool is_shim_error_kept() { return !t_error.empty(); }

std::string take_shim_error() { return std::exchange(t_error, {}); }

}  // namespace hearth
