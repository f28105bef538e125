#pragma once

#include <cstdint>

namespace hearth::gpu {

/// Elements of `kTensors` tensors of one shape, numbered in row-major order; strides in elements.
template <int kTensors>
struct Walk {
  static constexpr int kMaxRank = 16;

  int64_t count;
  int32_t rank;
  int64_t shape[kMaxRank];
  int64_t strides[kTensors][kMaxRank];
};

/// What makes offsets from the indices of several dimensions, all of one shape.
struct IndexOffsets {
  static constexpr int kMost = 16;

  struct OfDimension {
    const int64_t* index;
    int64_t size;  ///< Indices are below it.
    int64_t step;  ///< Of the offset, for each index.
  };

  int32_t dimensions;
  int32_t wrap;  ///< Not 0: negative indices count from the end.
  OfDimension of_dimension[kMost];
  Walk<1> base;  ///< Added to the offsets.
  int64_t index_strides[kMost][Walk<1>::kMaxRank];
};

/// What an index that is not out of bounds has as its first position.
inline constexpr int64_t kNoPosition = 0x7F7F7F7F7F7F7F7F;

/// In the order of hearth::Reduction.
enum JoinKind : int32_t { kJoinReplace, kJoinSum, kJoinProduct, kJoinMean, kJoinMaximum, kJoinMinimum };

/// Values that join elements: each position of an index has an element in each column.
struct JoinShape {
  int32_t kind;
  int32_t include_self;
  Walk<1> positions;  ///< Strides of the values.
  Walk<2> columns;    ///< Strides of the target and of the values.
};

/// Elements that a block of count_nonzero and list_nonzero looks at.
struct NonzeroTile {
  static constexpr int kThreads = 256;
  static constexpr int kOfThread = 8;
  static constexpr int kElements = kThreads * kOfThread;
};

}  // namespace hearth::gpu
