// Offsets of elements by their number.
#pragma once

#include "indexing_parameters.h"

namespace hearth::gpu {

template <typename Number, int kTensors>
__device__ inline void walk_offsets_of(const Walk<kTensors>& walk, Number number, int64_t (&offsets)[kTensors]) {
  for (int64_t& offset : offsets) offset = 0;
  for (int d = walk.rank - 1; d >= 0; --d) {
    const auto size = static_cast<Number>(walk.shape[d]);
    const auto at = static_cast<int64_t>(number % size);
    number /= size;
    for (int i = 0; i < kTensors; ++i) offsets[i] += at * walk.strides[i][d];
  }
}

/// `number` is below the walk's count.
template <int kTensors>
__device__ inline void walk_offsets(const Walk<kTensors>& walk, int64_t number, int64_t (&offsets)[kTensors]) {
  // Divisions of 32 bits take a fraction of the time.
  if (walk.count >> 32 == 0) {
    walk_offsets_of(walk, static_cast<uint32_t>(number), offsets);
  } else {
    walk_offsets_of(walk, static_cast<uint64_t>(number), offsets);
  }
}

/// Calls visit(number) for the thread's share of `count` numbers.
template <typename Visit>
__device__ inline void for_each_number(int64_t count, Visit visit) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) visit(i);
}

}  // namespace hearth::gpu
