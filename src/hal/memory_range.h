#pragma once

#include <cstddef>

#include "hal/device.h"

namespace hearth {

/// Success when [offset, offset + size) lies in `memory`; kInvalidArgument otherwise.
Status check_range(DeviceMemory memory, size_t offset, size_t size);

}  // namespace hearth
