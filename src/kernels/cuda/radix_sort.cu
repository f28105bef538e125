// Passes of a radix sort. A block has a tile of a line (x) of keys (y), each of its warps a part of the tile, in order.

#include "radix_sort_parameters.h"

namespace {

using hearth::gpu::RadixPass;

constexpr int kWarps = RadixPass::kThreads / 32;
constexpr int kKeysOfWarp = RadixPass::kTile / kWarps;

/// Calls visit(key's place in the line, digit, lanes with the same digit) for 32 keys at a time; lanes behind the
/// line's end have a digit of their own.
template <typename Key, typename Visit>
__device__ void for_each_key(const Key* keys, const RadixPass& pass, Visit visit) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int first = static_cast<int>(blockIdx.x) * RadixPass::kTile + static_cast<int>(threadIdx.x) / 32 * kKeysOfWarp;
  for (int i = lane; i < kKeysOfWarp; i += 32) {
    const bool there = first + i < pass.length;
    const int digit =
        there ? static_cast<int>(keys[first + i] >> pass.shift & (RadixPass::kDigits - 1)) : RadixPass::kDigits;
    const unsigned same = __match_any_sync(~0U, digit);
    if (there) visit(first + i, digit, same);
    __syncwarp();
  }
}

/// Adds to the counter of the digit; its value before.
__device__ int count_same(int* counters, int digit, unsigned same) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int before = counters[digit];
  __syncwarp(same);
  if (__ffs(static_cast<int>(same)) - 1 == lane) counters[digit] = before + __popc(same);
  return before;
}

template <typename Key>
__device__ void count_digits(const Key* keys, int32_t* counts, const RadixPass& pass) {
  __shared__ int counters[kWarps][RadixPass::kDigits];
  const int warp = static_cast<int>(threadIdx.x) / 32;
  const int digit_of_thread = static_cast<int>(threadIdx.x);
  keys += static_cast<int64_t>(blockIdx.y) * pass.length;
  counts += static_cast<int64_t>(blockIdx.y) * RadixPass::kDigits * pass.tiles;
  for (int i = 0; i < kWarps; ++i) counters[i][digit_of_thread] = 0;
  __syncthreads();
  for_each_key(keys, pass, [&](int, int digit, unsigned same) { count_same(counters[warp], digit, same); });
  __syncthreads();
  int sum = 0;
  for (int i = 0; i < kWarps; ++i) sum += counters[i][digit_of_thread];
  counts[static_cast<int64_t>(digit_of_thread) * pass.tiles + blockIdx.x] = sum;
}

/// `starts`: where the tile's keys of each digit go in the line.
template <typename Key>
__device__ void move_by_digit(const Key* keys, const int32_t* positions, Key* to_keys, int32_t* to_positions,
                              const int32_t* starts, const RadixPass& pass) {
  __shared__ int counters[kWarps][RadixPass::kDigits];
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int warp = static_cast<int>(threadIdx.x) / 32;
  const int digit_of_thread = static_cast<int>(threadIdx.x);
  const int64_t line = static_cast<int64_t>(blockIdx.y) * pass.length;
  starts += static_cast<int64_t>(blockIdx.y) * RadixPass::kDigits * pass.tiles;
  for (int i = 0; i < kWarps; ++i) counters[i][digit_of_thread] = 0;
  __syncthreads();
  for_each_key(keys + line, pass, [&](int, int digit, unsigned same) { count_same(counters[warp], digit, same); });
  __syncthreads();
  int start = starts[static_cast<int64_t>(digit_of_thread) * pass.tiles + blockIdx.x];
  for (int i = 0; i < kWarps; ++i) {
    const int count = counters[i][digit_of_thread];
    counters[i][digit_of_thread] = start;
    start += count;
  }
  __syncthreads();
  for_each_key(keys + line, pass, [&](int from, int digit, unsigned same) {
    const int to = count_same(counters[warp], digit, same) + __popc(same & ((1U << lane) - 1));
    to_keys[line + to] = keys[line + from];
    to_positions[line + to] = positions == nullptr ? from : positions[line + from];
  });
}

}  // namespace

#define HEARTH_RADIX_SORT(bytes, key)                                                                       \
  extern "C" __global__ void __launch_bounds__(RadixPass::kThreads)                                         \
      count_digits_##bytes(const key* keys, int32_t* counts, const __grid_constant__ RadixPass pass) {      \
    count_digits(keys, counts, pass);                                                                       \
  }                                                                                                         \
  extern "C" __global__ void __launch_bounds__(RadixPass::kThreads)                                         \
      move_by_digit_##bytes(const key* keys, const int32_t* positions, key* to_keys, int32_t* to_positions, \
                            const int32_t* starts, const __grid_constant__ RadixPass pass) {                \
    move_by_digit(keys, positions, to_keys, to_positions, starts, pass);                                    \
  }

HEARTH_RADIX_SORT(4, uint32_t)
HEARTH_RADIX_SORT(8, uint64_t)
