#pragma once

#include "base/thread_team.h"
#include "hearth/tensor.h"

namespace hearth {

/// Operations per second, all threads of the team together, that the inner loop of products of `dtype` reaches on
/// operands in the nearest cache: float32, bfloat16 (0 where the machine has no fast way) or int8. Measured anew at
/// each call, in some hundredths of a second.
double peak_operations(ThreadTeam& team, DType dtype);

/// Bytes per second that all threads together read from memory.
double peak_bandwidth(ThreadTeam& team);

}  // namespace hearth
