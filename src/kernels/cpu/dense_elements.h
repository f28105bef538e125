#pragma once

#include <algorithm>

#include "base/errors.h"
#include "kernels/context.h"
#include "kernels/cpu/parallel_copy.h"
#include "tensor/layout.h"

namespace hearth {

/// True when the elements fill their memory, in whatever order.
inline bool has_no_gaps(const Tensor& tensor) {
  return element_extent(tensor.shape(), tensor.strides()).as<int64_t>() == tensor.element_count();
}

/// `tensor` itself when its elements fill their memory, in whatever order, else a row-major copy.
inline Result<Tensor> as_dense(const KernelContext& context, const Tensor& tensor) {
  if (has_no_gaps(tensor)) return tensor;
  return row_major_copy(context, tensor);
}

/// Calls convert(first, count) for chunks of `count` elements, shared out over the team: each takes some microseconds.
template <class Convert>
void convert_in_parallel(ThreadTeam& team, int64_t count, Convert convert) {
  constexpr int64_t kElementsOfChunk = 32768;
  const int64_t chunks = (count + kElementsOfChunk - 1) / kElementsOfChunk;
  team.parallel_for(chunks, 1, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kElementsOfChunk;
    convert(first, std::min(end * kElementsOfChunk, count) - first);
  });
}

}  // namespace hearth
