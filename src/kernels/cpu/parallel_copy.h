#pragma once

#include <cstdint>
#include <span>

#include "kernels/context.h"

namespace hearth {

/// Copies elements of `bytes` (1, 2 or 4) each between two layouts of `shape` (at most 8 dimensions), shared out over
/// the team. Strides are in elements. The two must not overlap, and no two elements of `to` may coincide.
void parallel_copy(ThreadTeam& team, size_t bytes, std::span<const int64_t> shape, const void* from,
                   std::span<const int64_t> from_strides, void* to, std::span<const int64_t> to_strides);

template <class Element>
void parallel_copy(ThreadTeam& team, std::span<const int64_t> shape, const Element* from,
                   std::span<const int64_t> from_strides, Element* to, std::span<const int64_t> to_strides) {
  parallel_copy(team, sizeof(Element), shape, from, from_strides, to, to_strides);
}

/// A row-major copy of `tensor`, whose elements are of such a size, in pool memory. kOutOfMemory.
Result<Tensor> row_major_copy(const KernelContext& context, const Tensor& tensor);

}  // namespace hearth
