#pragma once

#include <cstdint>

namespace hearth::gpu {

/// How the bits of an element become an unsigned number of the same order.
struct SortingOrder {
  enum Kind : int32_t { kUnsigned, kSigned, kFloating };

  int32_t kind;
  int32_t descending;  ///< Not 0: from the largest to the smallest.
  uint64_t infinity;   ///< The bits of floating-point infinity; what is above, without its sign, is NaN.
};

/// What sorting.cu sorts: lines along one dimension, strides in elements.
struct SortingShape {
  static constexpr int kMaxRank = 16;

  int64_t lines;
  int32_t length;
  int32_t kept;    ///< Elements of a line of the results.
  int32_t padded;  ///< sort_lines: length up to the next power of two, at least 2.
  int32_t rank;    ///< Of the dimensions across the lines.
  int64_t shape[kMaxRank];
  int64_t from_strides[kMaxRank];
  int64_t value_strides[kMaxRank];
  int64_t position_strides[kMaxRank];
  /// Along a line.
  int64_t from_stride;
  int64_t value_stride;
  int64_t position_stride;
  SortingOrder order;
};

}  // namespace hearth::gpu
