#pragma once

#include <memory>

#include "hal/cuda/context.h"
#include "hal/device.h"

namespace hearth::cuda {

inline CUdeviceptr address_of(DeviceMemory memory) { return reinterpret_cast<CUdeviceptr>(memory.address); }

/// Memory of a context that is current; see Device::allocate. kOutOfMemory says what was asked for and what is free.
Result<DeviceMemory> allocate_memory(const Context& context, size_t size);
void free_memory(const Context& context, DeviceMemory memory);

/// A pool of the context's own: the driver's, or where it has none (virtual GPUs), one that waits for the stream.
Result<std::unique_ptr<StreamOrderedPool>> create_memory_pool(std::shared_ptr<const Context> context);

}  // namespace hearth::cuda
