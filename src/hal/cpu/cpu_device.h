#pragma once

#include "hal/device.h"

namespace hearth {

/// The host's processors and memory. Large allocations ask for huge pages and go back to the system when freed.
std::shared_ptr<Device> make_cpu_device();

}  // namespace hearth
