#pragma once

#include <cstdint>

namespace hearth::gpu {

/// What copy.cu copies: elements of `shape`, strides counted in elements. Dimensions beyond `rank` are not set.
struct StridedCopy {
  static constexpr int kMaxRank = 16;

  int64_t count;  ///< Of all elements.
  int32_t rank;
  int64_t shape[kMaxRank];
  int64_t to_strides[kMaxRank];
  int64_t from_strides[kMaxRank];
};

}  // namespace hearth::gpu
