#pragma once

#include <span>
#include <vector>

#include "hal/device.h"
#include "hal/memory_pool.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// Copies of `tensors`, which the host has, in `pool`'s memory, with the same strides; in the order of the stream.
Result<std::vector<Tensor>> copy_to_device(Device& device, Stream& stream, MemoryPool& pool,
                                           std::span<const Tensor> tensors);

/// Copies of `tensors`, which the device has, in `pool`'s memory, with the same strides. Waits for the stream's work.
Result<std::vector<Tensor>> copy_to_host(Device& device, Stream& stream, MemoryPool& pool,
                                         std::span<const Tensor> tensors);

}  // namespace hearth
