#pragma once

#include <string>

#include "kernels/cuda/channels_last.h"

namespace hearth::gpu {

/// dense_channels_last() of filters that are part of `weight`, or filters themselves that are so already: made once per
/// model, under `name`, when the weight is constant. The result keeps the memory.
struct PackedFilters {
  Tensor owner;
  const void* data = nullptr;
};
Result<PackedFilters> packed_filters(const KernelContext& context, const Tensor& weight, const Images& filters,
                                     int64_t multiple, const std::string& name);

}  // namespace hearth::gpu
