#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "hearth/tensor.h"

namespace hearth {

/// Numbers the elements of N tensors of one shape in row-major order, whatever their strides, and walks any range of
/// the numbers. With a dimension left out, it numbers the lines along that dimension.
template <size_t N>
class StridedWalk {
 public:
  using Offsets = std::array<int64_t, N>;

  /// `strides` are in elements. `left_out` is a dimension, or -1 for none.
  StridedWalk(std::span<const int64_t> shape, const std::array<std::span<const int64_t>, N>& strides,
              int left_out = -1) {
    for (size_t i = 0; i < shape.size(); ++i) {
      if (static_cast<int>(i) == left_out) continue;
      sizes_[rank_] = shape[i];
      for (size_t tensor = 0; tensor < N; ++tensor) strides_[rank_][tensor] = strides[tensor][i];
      count_ *= shape[i];
      ++rank_;
    }
  }

  int64_t count() const { return count_; }

  /// Calls body(number, offsets) for the numbers in [begin, end), offsets in elements from each tensor's first.
  template <typename Body>
  void run(int64_t begin, int64_t end, Body&& body) const {
    if (begin >= end) return;
    std::array<int64_t, kMaxRank> index{};
    Offsets offsets{};
    int64_t rest = begin;
    for (size_t d = rank_; d-- > 0; rest /= sizes_[d]) {
      index[d] = rest % sizes_[d];
      for (size_t tensor = 0; tensor < N; ++tensor) offsets[tensor] += index[d] * strides_[d][tensor];
    }
    for (int64_t number = begin; number < end; ++number) {
      body(number, offsets);
      advance(index, offsets);
    }
  }
  template <typename Body>
  void run(Body&& body) const {
    run(0, count_, body);
  }

 private:
  void advance(std::array<int64_t, kMaxRank>& index, Offsets& offsets) const {
    for (size_t d = rank_; d-- > 0;) {
      for (size_t tensor = 0; tensor < N; ++tensor) offsets[tensor] += strides_[d][tensor];
      if (++index[d] < sizes_[d]) return;
      for (size_t tensor = 0; tensor < N; ++tensor) offsets[tensor] -= strides_[d][tensor] * sizes_[d];
      index[d] = 0;
    }
  }

  std::array<int64_t, kMaxRank> sizes_{};
  std::array<Offsets, kMaxRank> strides_{};
  size_t rank_ = 0;
  int64_t count_ = 1;
};

}  // namespace hearth
