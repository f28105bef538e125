// Sorting lines: by one block in shared memory, or what radix_sort.cu needs before and after.

#include "sorting_parameters.h"

namespace {

using namespace hearth::gpu;

template <int kBytes>
struct ElementOf;
template <>
struct ElementOf<1> {
  using Bits = uint8_t;
  using Key = uint32_t;
};
template <>
struct ElementOf<2> {
  using Bits = uint16_t;
  using Key = uint32_t;
};
template <>
struct ElementOf<4> {
  using Bits = uint32_t;
  using Key = uint32_t;
};
template <>
struct ElementOf<8> {
  using Bits = uint64_t;
  using Key = uint64_t;
};

/// Zeros of both signs and NaNs of all kinds are equal; NaN is the largest.
template <typename Bits>
__device__ Bits key_of(Bits bits, const SortingOrder& order) {
  constexpr Bits kSign = static_cast<Bits>(Bits{1} << (sizeof(Bits) * 8 - 1));
  constexpr Bits kAll = static_cast<Bits>(~Bits{0});
  Bits key = bits;
  if (order.kind == SortingOrder::kSigned) {
    key = static_cast<Bits>(bits ^ kSign);
  } else if (order.kind == SortingOrder::kFloating) {
    const auto magnitude = static_cast<Bits>(bits & static_cast<Bits>(~kSign));
    if (magnitude > order.infinity) {
      key = kAll;
    } else if (magnitude == 0) {
      key = kSign;
    } else {
      key = static_cast<Bits>((bits & kSign) != 0 ? ~bits : bits | kSign);
    }
  }
  return order.descending != 0 ? static_cast<Bits>(~key) : key;
}

/// The first element of line `number`.
__device__ int64_t line_offset(const SortingShape& shape, const int64_t* strides, int64_t number) {
  int64_t offset = 0;
  for (int d = shape.rank - 1; d >= 0; --d) {
    offset += number % shape.shape[d] * strides[d];
    number /= shape.shape[d];
  }
  return offset;
}

template <typename Key>
__device__ void order_pair(Key* keys, int32_t* positions, int low, int high, bool ascending) {
  const Key a = keys[low];
  const Key b = keys[high];
  const int32_t at_a = positions[low];
  const int32_t at_b = positions[high];
  const bool above = a > b || (a == b && at_a > at_b);
  if (above != ascending) return;
  keys[low] = b;
  keys[high] = a;
  positions[low] = at_b;
  positions[high] = at_a;
}

/// A block sorts a line (Batcher's bitonic sort), with shared memory for `padded` keys and positions. Of equal keys the position decides; what fills up comes last.
template <int kBytes>
__device__ void sort_lines(const typename ElementOf<kBytes>::Bits* from, typename ElementOf<kBytes>::Bits* values,
                           int64_t* positions, const SortingShape& shape) {
  using Key = typename ElementOf<kBytes>::Key;
  extern __shared__ __align__(16) unsigned char memory[];
  Key* keys = reinterpret_cast<Key*>(memory);
  auto* places = reinterpret_cast<int32_t*>(keys + shape.padded);
  const int threads = static_cast<int>(blockDim.x);
  const int thread = static_cast<int>(threadIdx.x);
  from += line_offset(shape, shape.from_strides, blockIdx.x);
  values += line_offset(shape, shape.value_strides, blockIdx.x);
  positions += line_offset(shape, shape.position_strides, blockIdx.x);
  for (int i = thread; i < shape.padded; i += threads) {
    keys[i] = i < shape.length ? static_cast<Key>(key_of(from[i * shape.from_stride], shape.order)) : ~Key{0};
    places[i] = i;
  }
  for (int size = 2; size <= shape.padded; size *= 2) {
    for (int step = size / 2; step > 0; step /= 2) {
      __syncthreads();
      for (int i = thread; i < shape.padded / 2; i += threads) {
        const int low = 2 * i - (i & (step - 1));
        order_pair(keys, places, low, low + step, (low & size) == 0);
      }
    }
  }
  __syncthreads();
  for (int i = thread; i < shape.kept; i += threads) {
    const int64_t place = places[i];
    values[i * shape.value_stride] = from[place * shape.from_stride];
    positions[i * shape.position_stride] = place;
  }
}

/// The keys of all lines, row-major.
template <int kBytes>
__device__ void make_keys(const typename ElementOf<kBytes>::Bits* from, typename ElementOf<kBytes>::Key* keys,
                          const SortingShape& shape) {
  using Key = typename ElementOf<kBytes>::Key;
  const int64_t line = blockIdx.y;
  from += line_offset(shape, shape.from_strides, line);
  const int step = static_cast<int>(gridDim.x * blockDim.x);
  for (int64_t i = blockIdx.x * blockDim.x + threadIdx.x; i < shape.length; i += step) {
    keys[line * shape.length + i] = static_cast<Key>(key_of(from[i * shape.from_stride], shape.order));
  }
}

/// The first elements of all lines, by their positions in `sorted`, int32 row-major.
template <int kBytes>
__device__ void take_sorted(const typename ElementOf<kBytes>::Bits* from, const int32_t* sorted,
                            typename ElementOf<kBytes>::Bits* values, int64_t* positions, const SortingShape& shape) {
  const int64_t line = blockIdx.y;
  from += line_offset(shape, shape.from_strides, line);
  values += line_offset(shape, shape.value_strides, line);
  positions += line_offset(shape, shape.position_strides, line);
  const int step = static_cast<int>(gridDim.x * blockDim.x);
  for (int64_t i = blockIdx.x * blockDim.x + threadIdx.x; i < shape.kept; i += step) {
    const int64_t place = sorted[line * shape.length + i];
    values[i * shape.value_stride] = from[place * shape.from_stride];
    positions[i * shape.position_stride] = place;
  }
}

}  // namespace

#define HEARTH_SORTING(bytes)                                                                                       \
  extern "C" __global__ void sort_lines_##bytes(const ElementOf<bytes>::Bits* from, ElementOf<bytes>::Bits* values, \
                                                int64_t* positions, const __grid_constant__ SortingShape shape) {   \
    sort_lines<bytes>(from, values, positions, shape);                                                              \
  }                                                                                                                 \
  extern "C" __global__ void make_keys_##bytes(const ElementOf<bytes>::Bits* from, ElementOf<bytes>::Key* keys,     \
                                               const __grid_constant__ SortingShape shape) {                        \
    make_keys<bytes>(from, keys, shape);                                                                            \
  }                                                                                                                 \
  extern "C" __global__ void take_sorted_##bytes(const ElementOf<bytes>::Bits* from, const int32_t* sorted,         \
                                                 ElementOf<bytes>::Bits* values, int64_t* positions,                \
                                                 const __grid_constant__ SortingShape shape) {                      \
    take_sorted<bytes>(from, sorted, values, positions, shape);                                                     \
  }

HEARTH_SORTING(1)
HEARTH_SORTING(2)
HEARTH_SORTING(4)
HEARTH_SORTING(8)
