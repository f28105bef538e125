#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "hearth/tensor.h"

namespace hearth {

/// Walks the elements of N tensors of one shape together. Dimensions are merged and reordered so that the inner loop
/// runs over the smallest strides of the first tensor; body(offsets, count, inner_strides) gets, for each inner run,
/// element offsets from each tensor's first element.
template <size_t N>
class StridedLoop {
 public:
  using Values = std::array<int64_t, N>;

  StridedLoop(std::span<const int64_t> shape, const std::array<std::span<const int64_t>, N>& strides) {
    for (size_t i = 0; i < shape.size(); ++i) {
      empty_ = empty_ || shape[i] == 0;
      if (shape[i] == 1) continue;
      Dimension dimension{shape[i], {}};
      for (size_t tensor = 0; tensor < N; ++tensor) dimension.strides[tensor] = strides[tensor][i];
      dimensions_[rank_++] = dimension;
    }
    // The strides of an empty tensor may be anything, so that joining them could overflow.
    if (empty_) return;
    sort();
    merge();
  }

  template <typename Body>
  void run(Body&& body) const {
    if (empty_) return;
    const int outer = rank_ - 1;
    std::array<int64_t, kMaxRank> index{};
    Values offsets{};
    for (;;) {
      if (rank_ == 0) {
        body(offsets, int64_t{1}, Values{});
      } else {
        body(offsets, dimensions_[outer].size, dimensions_[outer].strides);
      }
      int d = outer - 1;
      for (; d >= 0; --d) {
        for (size_t tensor = 0; tensor < N; ++tensor) offsets[tensor] += dimensions_[d].strides[tensor];
        if (++index[d] < dimensions_[d].size) break;
        for (size_t tensor = 0; tensor < N; ++tensor)
          offsets[tensor] -= dimensions_[d].strides[tensor] * dimensions_[d].size;
        index[d] = 0;
      }
      if (d < 0) return;
    }
  }

 private:
  struct Dimension {
    int64_t size = 0;
    Values strides{};
  };

  /// Largest strides of the first tensor outermost; by insertion, which is stable and takes no memory.
  void sort() {
    for (int i = 1; i < rank_; ++i) {
      const Dimension moved = dimensions_[i];
      int place = i;
      for (; place > 0 && dimensions_[place - 1].strides[0] < moved.strides[0]; --place) {
        dimensions_[place] = dimensions_[place - 1];
      }
      dimensions_[place] = moved;
    }
  }

  /// Joins neighbours that every tensor walks in one stride.
  void merge() {
    int kept = 0;
    for (int i = 1; i < rank_; ++i) {
      Dimension& outer = dimensions_[kept];
      const Dimension& inner = dimensions_[i];
      bool joined = true;
      for (size_t tensor = 0; tensor < N; ++tensor) {
        joined = joined && outer.strides[tensor] == inner.strides[tensor] * inner.size;
      }
      if (joined) {
        outer = {outer.size * inner.size, inner.strides};
      } else {
        dimensions_[++kept] = inner;
      }
    }
    if (rank_ > 0) rank_ = kept + 1;
  }

  std::array<Dimension, kMaxRank> dimensions_{};
  int rank_ = 0;
  bool empty_ = false;
};

}  // namespace hearth
