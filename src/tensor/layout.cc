#include "tensor/layout.h"

#include <algorithm>

namespace hearth {

CheckedSize element_extent(std::span<const int64_t> shape, std::span<const int64_t> strides) {
  CheckedSize extent = 1;
  bool empty = false;
  for (size_t i = 0; i < shape.size(); ++i) {
    extent += CheckedSize(strides[i]) * (CheckedSize(shape[i]) - CheckedSize(shape[i] > 0 ? 1 : 0));
    empty = empty || shape[i] == 0;
  }
  return extent.valid() && empty ? CheckedSize(0) : extent;
}

CheckedSize elements_to_bytes(CheckedSize elements, DType dtype) {
  const CheckedSize bits = elements * CheckedSize(dtype_bits(dtype)) + CheckedSize(7);
  const auto value = bits.get();
  if (!value) return CheckedSize(-1);
  return *value / 8;
}

CheckedSize row_major_extent(std::span<const int64_t> shape) {
  CheckedSize extent = 1;
  for (const int64_t size : shape) extent *= CheckedSize(std::max<int64_t>(size, 1));
  return extent;
}

void row_major_strides(std::span<const int64_t> shape, std::span<int64_t> strides) {
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= std::max<int64_t>(shape[i], 1);
  }
}

void dense_strides(std::span<const int64_t> shape, std::span<const int> dim_order, std::span<int64_t> strides) {
  int64_t stride = 1;
  for (size_t i = dim_order.size(); i-- > 0;) {
    const auto dimension = static_cast<size_t>(dim_order[i]);
    strides[dimension] = stride;
    stride *= std::max<int64_t>(shape[dimension], 1);
  }
}

bool same_layout(std::span<const int64_t> shape, std::span<const int64_t> a, std::span<const int64_t> b) {
  if (std::ranges::find(shape, 0) != shape.end()) return true;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] > 1 && a[i] != b[i]) return false;
  }
  return true;
}

}  // namespace hearth
