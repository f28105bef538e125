// Sums of what comes before: a block for each line.

#include <cstdint>

namespace {

constexpr int kThreads = 1024;
constexpr int kWarps = kThreads / 32;

/// The sum of `value` of the block's earlier threads; the sum of all in `total`.
__device__ int sum_before(int value, int* of_warps, int& total) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int warp = static_cast<int>(threadIdx.x) / 32;
  int sum = value;
  for (int step = 1; step < 32; step *= 2) {
    const int other = __shfl_up_sync(~0U, sum, step);
    if (lane >= step) sum += other;
  }
  if (lane == 31) of_warps[warp] = sum;
  __syncthreads();
  if (warp == 0) {
    int of_warp = of_warps[lane];
    for (int step = 1; step < 32; step *= 2) {
      const int other = __shfl_up_sync(~0U, of_warp, step);
      if (lane >= step) of_warp += other;
    }
    of_warps[lane] = of_warp;
  }
  __syncthreads();
  total = of_warps[kWarps - 1];
  const int before = (warp == 0 ? 0 : of_warps[warp - 1]) + sum - value;
  __syncthreads();
  return before;
}

}  // namespace

extern "C" __global__ void __launch_bounds__(kThreads) prefix_sums(int32_t* counts, int64_t n) {
  constexpr int kEach = 4;
  __shared__ int of_warps[kWarps];
  counts += static_cast<int64_t>(blockIdx.x) * n;
  int before = 0;
  for (int64_t begin = 0; begin < n; begin += kThreads * kEach) {
    const int64_t first = begin + static_cast<int64_t>(threadIdx.x) * kEach;
    int own[kEach];
    int sum = 0;
#pragma unroll
    for (int i = 0; i < kEach; ++i) {
      own[i] = first + i < n ? counts[first + i] : 0;
      sum += own[i];
    }
    int total;
    int at = before + sum_before(sum, of_warps, total);
#pragma unroll
    for (int i = 0; i < kEach; ++i) {
      if (first + i < n) counts[first + i] = at;
      at += own[i];
    }
    before += total;
  }
}
