// Values that join the elements which indices name. Positions are sorted by their targets, each target's stay in their
// order: a thread joins all values of one target one after the other, so that the answer is always the same.

#include "tensor_core.cuh"
#include "walk.cuh"

namespace {

using namespace hearth::gpu;

/// What sums and comparisons of T are computed in, and back.
template <typename T>
struct Wide {
  static __device__ T of(T value) { return value; }
  template <typename Result>
  static __device__ T narrow(Result value) {
    return static_cast<T>(value);
  }
};
template <typename T>
struct WideHalf {
  static __device__ float of(T value) { return to_float(value); }
  static __device__ T narrow(float value) { return from_float<T>(value); }
};
template <>
struct Wide<__half> : WideHalf<__half> {};
template <>
struct Wide<__nv_bfloat16> : WideHalf<__nv_bfloat16> {};

/// NaN wins maxima and minima.
template <typename T>
__device__ T joined(int kind, T old_value, T new_value) {
  const auto a = Wide<T>::of(old_value);
  const auto b = Wide<T>::of(new_value);
  switch (kind) {
    case kJoinSum:
    case kJoinMean:
      return Wide<T>::narrow(a + b);
    case kJoinProduct:
      return Wide<T>::narrow(a * b);
    case kJoinMaximum:
      return a != a || a > b ? old_value : new_value;
    case kJoinMinimum:
      return a != a || a < b ? old_value : new_value;
    default:
      return new_value;
  }
}

/// Whole numbers are rounded down.
template <typename T>
__device__ T divided(T sum, int64_t count) {
  const auto divisor = static_cast<decltype(Wide<T>::of(sum))>(count);
  if constexpr (static_cast<decltype(divisor)>(0.5F) == 0) {
    const auto quotient = static_cast<T>(sum / divisor);
    if constexpr (static_cast<T>(-1) < static_cast<T>(0)) {
      return static_cast<T>(quotient - (sum % divisor != 0 && sum < 0 ? 1 : 0));
    } else {
      return quotient;
    }
  } else {
    return Wide<T>::narrow(Wide<T>::of(sum) / divisor);
  }
}

/// Calls visit(element's place, first of its positions, column) for the thread's share of targets and columns.
/// `targets` are sorted.
template <typename Visit>
__device__ void for_each_target(const int64_t* targets, const JoinShape& shape, Visit visit) {
  for_each_number(shape.positions.count * shape.columns.count, [&](int64_t i) {
    const int64_t first = i / shape.columns.count;
    if (first > 0 && targets[first - 1] == targets[first]) return;
    int64_t column[2];
    walk_offsets(shape.columns, i % shape.columns.count, column);
    visit(targets[first] + column[0], first, column[1]);
  });
}

__device__ int64_t value_offset(const JoinShape& shape, int64_t position) {
  int64_t at[1];
  walk_offsets(shape.positions, position, at);
  return at[0];
}

template <typename T>
__device__ void join(T* to, const T* values, const int64_t* targets, const int64_t* order, const JoinShape& shape) {
  for_each_target(targets, shape, [&](int64_t place, int64_t first, int64_t column) {
    int64_t n = first;
    T result = shape.include_self != 0 ? to[place] : values[value_offset(shape, order[n++]) + column];
    for (; n < shape.positions.count && targets[n] == targets[first]; ++n) {
      result = joined(shape.kind, result, values[value_offset(shape, order[n]) + column]);
    }
    const int64_t count = n - first + (shape.include_self != 0 ? 1 : 0);
    to[place] = shape.kind == kJoinMean && count > 1 ? divided(result, count) : result;
  });
}

/// The last value stays.
template <typename Element>
__device__ void replace(Element* to, const Element* values, const int64_t* targets, const int64_t* order,
                        const JoinShape& shape) {
  for_each_target(targets, shape, [&](int64_t place, int64_t first, int64_t column) {
    int64_t last = first;
    while (last + 1 < shape.positions.count && targets[last + 1] == targets[first]) ++last;
    to[place] = values[value_offset(shape, order[last]) + column];
  });
}

}  // namespace

#define HEARTH_JOIN(function, name, element)                                                                     \
  extern "C" __global__ void function##_##name(element* to, const element* values, const int64_t* targets,       \
                                               const int64_t* order, const __grid_constant__ JoinShape shape) {  \
    function(to, values, targets, order, shape);                                                                 \
  }

HEARTH_JOIN(replace, 1, uint8_t)
HEARTH_JOIN(replace, 2, uint16_t)
HEARTH_JOIN(replace, 4, uint32_t)
HEARTH_JOIN(replace, 8, uint64_t)
HEARTH_JOIN(replace, 16, ulonglong2)
HEARTH_JOIN(join, float32, float)
HEARTH_JOIN(join, float64, double)
HEARTH_JOIN(join, float16, __half)
HEARTH_JOIN(join, bfloat16, __nv_bfloat16)
HEARTH_JOIN(join, int8, int8_t)
HEARTH_JOIN(join, uint8, uint8_t)
HEARTH_JOIN(join, int16, int16_t)
HEARTH_JOIN(join, int32, int32_t)
HEARTH_JOIN(join, int64, int64_t)
HEARTH_JOIN(join, bool, bool)
