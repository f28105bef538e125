#pragma once

#include <cstdint>
#include <span>

#include "kernels/context.h"

namespace hearth {

/// Copies float32 elements between two layouts of `shape` (at most 8 dimensions), shared out over the team. The two
/// must not overlap, and no two elements of `to` may coincide.
void parallel_copy(ThreadTeam& team, std::span<const int64_t> shape, const float* from,
                   std::span<const int64_t> from_strides, float* to, std::span<const int64_t> to_strides);

/// A row-major copy of `tensor` in pool memory. kOutOfMemory.
Result<Tensor> row_major_copy(const KernelContext& context, const Tensor& tensor);

}  // namespace hearth
