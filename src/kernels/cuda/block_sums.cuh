// Sums over the 128 threads of a block.
#pragma once

#include <cstdint>

namespace hearth::gpu {

constexpr int kSumThreads = 128;

/// What the warps of a block contribute to one sum.
template <typename Sum>
struct WarpSums {
  Sum of_warp[kSumThreads / 32];

  __device__ Sum total() const { return (of_warp[0] + of_warp[1]) + (of_warp[2] + of_warp[3]); }
};

/// Adds each of `sums` up within the warps; then `shared` is there for all threads.
template <typename Sum, int kCount>
__device__ void add_over_block(Sum (&sums)[kCount], WarpSums<Sum> (&shared)[kCount]) {
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
#pragma unroll
    for (int distance = 16; distance > 0; distance /= 2) {
      sums[i] += __shfl_xor_sync(0xFFFFFFFFU, sums[i], distance);
    }
    if (threadIdx.x % 32 == 0) shared[i].of_warp[threadIdx.x / 32] = sums[i];
  }
  __syncthreads();
}

}  // namespace hearth::gpu
