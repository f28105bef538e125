#pragma once

#include <cstdint>

#include "hearth/status.h"

namespace hearth {

/// From now on the kernel refuses mmap, mremap and brk to every thread of the process, for good, and counts them.
/// kUnavailable where it has no seccomp filters.
Status refuse_memory_calls();

/// How many were refused so far.
int64_t refused_memory_calls();

}  // namespace hearth
