#pragma once

#include <algorithm>
#include <cstring>
#include <random>
#include <span>
#include <type_traits>
#include <vector>

#include "hearth/tensor.h"

namespace hearth::testing {

using Sizes = std::vector<int64_t>;

/// A row-major tensor of these values. T must have the dtype's size.
template <typename T>
Tensor make_tensor(DType dtype, const Sizes& shape, const std::vector<T>& values) {
  static_assert(!std::is_same_v<T, bool>, "give bools as uint8_t");
  Tensor tensor = Tensor::empty(dtype, shape).value();
  if (!values.empty()) std::memcpy(tensor.data(), values.data(), values.size() * sizeof(T));
  return tensor;
}

/// The sum of index[i] * strides[i].
inline int64_t offset_of(std::span<const int64_t> index, std::span<const int64_t> strides) {
  int64_t offset = 0;
  for (size_t i = 0; i < index.size(); ++i) offset += index[i] * strides[i];
  return offset;
}

/// Calls visit(index) for every element of `shape`, row-major, one after the other: the obvious walk.
template <typename Visit>
void for_each_index(std::span<const int64_t> shape, Visit visit) {
  Sizes index(shape.size(), 0);
  for (const int64_t size : shape) {
    if (size == 0) return;
  }
  for (;;) {
    visit(std::span<const int64_t>(index));
    size_t i = shape.size();
    while (i > 0 && ++index[i - 1] == shape[i - 1]) index[--i] = 0;
    if (i == 0) return;
  }
}

/// Sizes of 0 to 5, seldom 0, rank 0 to 5.
inline Sizes random_shape(std::mt19937& random) {
  Sizes shape(random() % 6);
  for (int64_t& size : shape) size = random() % 16 == 0 ? 0 : 1 + static_cast<int64_t>(random() % 5);
  return shape;
}

/// Strides of a dense tensor in a random order of dimensions, sometimes with gaps: no two indices share an element.
inline Sizes random_strides(const Sizes& shape, std::mt19937& random) {
  std::vector<size_t> order(shape.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), random);
  Sizes strides(shape.size(), 0);
  int64_t stride = 1 + static_cast<int64_t>(random() % 2);
  for (const size_t i : order) {
    strides[i] = stride;
    stride = stride * std::max<int64_t>(shape[i], 1) + static_cast<int64_t>(random() % 3 == 0 ? random() % 3 : 0);
  }
  return strides;
}

}  // namespace hearth::testing
