#pragma once

#include <cstddef>
#include <vector>

#include "hearth/status.h"

namespace hearth {

/// Changes a library's private copy so that it can be loaded beside us and unloaded again:
/// no executable stack; no NEEDED entry, nor version requirement, of libraries that Hearth replaces (OpenMP's and
/// PyTorch's); unique symbols made ordinary ones, because glibc never unloads a library that defined one; destructors
/// of thread-local objects registered with us instead of the C++ library, for the same reason. kInvalidFile when a
/// table lies outside of the file.
Status make_unloadable(std::vector<std::byte>& library);

}  // namespace hearth
