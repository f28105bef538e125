#pragma once

#include <cstdint>
#include <span>

#include "kernels/context.h"

namespace hearth {

/// Copies elements (float, BFloat16 or Float16) between two layouts of `shape` (at most 8 dimensions), shared out over
/// the team. The two must not overlap, and no two elements of `to` may coincide.
template <class Element>
void parallel_copy(ThreadTeam& team, std::span<const int64_t> shape, const Element* from,
                   std::span<const int64_t> from_strides, Element* to, std::span<const int64_t> to_strides);

/// A row-major copy of `tensor`, which is float32, in pool memory. kOutOfMemory.
Result<Tensor> row_major_copy(const KernelContext& context, const Tensor& tensor);

}  // namespace hearth
