// Elements by their indices, and the positions of those that are not zero.

#include "walk.cuh"

namespace {

using namespace hearth::gpu;

template <typename Element>
__device__ void take(Element* to, const Element* from, const int64_t* offsets, const Walk<3>& walk) {
  for_each_number(walk.count, [&](int64_t number) {
    int64_t at[3];
    walk_offsets(walk, number, at);
    to[at[0]] = from[at[1] + offsets[at[2]]];
  });
}

/// Of the block's tile, in row-major order: how many of the thread's elements are not zero, and their numbers.
template <typename Bits, typename Visit>
__device__ int visit_nonzero(const Bits* from, const Walk<1>& walk, int ignored_bits, Visit visit) {
  int count = 0;
  const int64_t first = (static_cast<int64_t>(blockIdx.x) * NonzeroTile::kThreads + threadIdx.x) * NonzeroTile::kOfThread;
  for (int i = 0; i < NonzeroTile::kOfThread; ++i) {
    if (first + i >= walk.count) break;
    int64_t at[1];
    walk_offsets(walk, first + i, at);
    if (static_cast<Bits>(from[at[0]] << ignored_bits) != 0) visit(first + i, count++);
  }
  return count;
}

/// `count` of the block's earlier threads; that of all in `total`.
__device__ int sum_before(int count, int& total) {
  constexpr int kWarps = NonzeroTile::kThreads / 32;
  __shared__ int of_warps[kWarps];
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int warp = static_cast<int>(threadIdx.x) / 32;
  int sum = count;
  for (int step = 1; step < 32; step *= 2) {
    const int other = __shfl_up_sync(~0U, sum, step);
    if (lane >= step) sum += other;
  }
  if (lane == 31) of_warps[warp] = sum;
  __syncthreads();
  int before = sum - count;
  total = 0;
  for (int i = 0; i < kWarps; ++i) {
    if (i < warp) before += of_warps[i];
    total += of_warps[i];
  }
  return before;
}

/// A block more than there are tiles counts nothing, so that sums of the counts end with that of all.
template <typename Bits>
__device__ void count_nonzero(const Bits* from, int32_t* counts, int ignored_bits, const Walk<1>& walk) {
  int total;
  sum_before(visit_nonzero(from, walk, ignored_bits, [](int64_t, int) {}), total);
  if (threadIdx.x == 0) counts[blockIdx.x] = total;
}

template <typename Bits>
__device__ void list_nonzero(const Bits* from, const int32_t* starts, int64_t* numbers, int ignored_bits,
                             const Walk<1>& walk) {
  int total;
  const int count = visit_nonzero(from, walk, ignored_bits, [](int64_t, int) {});
  int64_t* own = numbers + starts[blockIdx.x] + sum_before(count, total);
  visit_nonzero(from, walk, ignored_bits, [&](int64_t number, int before) { own[before] = number; });
}

}  // namespace

/// For each position the sum of its indices' steps. An index out of bounds adds nothing; the first position of one is
/// kept for each dimension.
extern "C" __global__ void add_offsets(int64_t* offsets, long long* first_outside,
                                       const __grid_constant__ IndexOffsets indices) {
  for_each_number(indices.base.count, [&](int64_t number) {
    int64_t offset = 0;
    for (int i = 0; i < indices.dimensions; ++i) {
      const IndexOffsets::OfDimension& of = indices.of_dimension[i];
      int64_t rest = number;
      int64_t at = 0;
      for (int d = indices.base.rank - 1; d >= 0; --d) {
        at += rest % indices.base.shape[d] * indices.index_strides[i][d];
        rest /= indices.base.shape[d];
      }
      int64_t value = of.index[at];
      if (value < 0 && indices.wrap != 0) value += of.size;
      if (value < 0 || value >= of.size) {
        atomicMin(first_outside + i, static_cast<long long>(number));
      } else {
        offset += value * of.step;
      }
    }
    int64_t base[1];
    walk_offsets(indices.base, number, base);
    offsets[number] = base[0] + offset;
  });
}

extern "C" __global__ void widen_indices(int64_t* to, const int32_t* from, const __grid_constant__ Walk<1> walk) {
  for_each_number(walk.count, [&](int64_t number) {
    int64_t at[1];
    walk_offsets(walk, number, at);
    to[number] = from[at[0]];
  });
}

/// Numbers of elements of `walk`'s shape as positions in each dimension, `count` apart.
extern "C" __global__ void split_numbers(int64_t* positions, const int64_t* numbers, int64_t count,
                                         const __grid_constant__ Walk<1> walk) {
  for_each_number(count, [&](int64_t i) {
    int64_t rest = numbers[i];
    for (int d = walk.rank - 1; d >= 0; --d) {
      positions[d * count + i] = rest % walk.shape[d];
      rest /= walk.shape[d];
    }
  });
}

#define HEARTH_TAKE(bytes, element)                                                                                   \
  extern "C" __global__ void take_##bytes(element* to, const element* from, const int64_t* offsets,                   \
                                          const __grid_constant__ Walk<3> walk) {                                     \
    take(to, from, offsets, walk);                                                                                    \
  }                                                                                                                   \
  extern "C" __global__ void take_numbered_##bytes(element* to, const element* from, const int64_t* numbers,          \
                                                   int64_t count, const __grid_constant__ Walk<1> walk) {             \
    for_each_number(count, [&](int64_t i) {                                                                           \
      int64_t at[1];                                                                                                  \
      walk_offsets(walk, numbers[i], at);                                                                             \
      to[i] = from[at[0]];                                                                                            \
    });                                                                                                               \
  }
#define HEARTH_NONZERO(bytes, bits)                                                                                   \
  extern "C" __global__ void __launch_bounds__(NonzeroTile::kThreads) count_nonzero_##bytes(                          \
      const bits* from, int32_t* counts, int ignored_bits, const __grid_constant__ Walk<1> walk) {                    \
    count_nonzero(from, counts, ignored_bits, walk);                                                                  \
  }                                                                                                                   \
  extern "C" __global__ void __launch_bounds__(NonzeroTile::kThreads)                                                 \
      list_nonzero_##bytes(const bits* from, const int32_t* starts, int64_t* numbers, int ignored_bits,               \
                           const __grid_constant__ Walk<1> walk) {                                                    \
    list_nonzero(from, starts, numbers, ignored_bits, walk);                                                          \
  }

HEARTH_TAKE(1, uint8_t)
HEARTH_TAKE(2, uint16_t)
HEARTH_TAKE(4, uint32_t)
HEARTH_TAKE(8, uint64_t)
HEARTH_TAKE(16, ulonglong2)
HEARTH_NONZERO(1, uint8_t)
HEARTH_NONZERO(2, uint16_t)
HEARTH_NONZERO(4, uint32_t)
HEARTH_NONZERO(8, uint64_t)
