#include "tensor/layout.h"

#include <algorithm>

#include "base/errors.h"

namespace hearth {
namespace {

/// Elements of a row-major tensor, counting sizes of 0 as 1, as its strides do.
CheckedSize row_major_extent(std::span<const int64_t> shape) {
  CheckedSize extent = 1;
  for (const int64_t size : shape) extent *= CheckedSize(std::max<int64_t>(size, 1));
  return extent;
}

Status too_large(DType dtype, std::span<const int64_t> shape) {
  return error(StatusCode::kOutOfMemory, "a {}{} is larger than memory can be", dtype_name(dtype),
               describe_shape(shape));
}

}  // namespace

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

CheckedSize dense_bytes(DType dtype, std::span<const int64_t> shape) {
  const CheckedSize bytes = elements_to_bytes(row_major_extent(shape), dtype);
  return bytes.as<ptrdiff_t>() ? bytes : CheckedSize(-1);
}

Status check_layout(DType dtype, std::span<const int64_t> shape, std::span<const int64_t> strides) {
  if (dtype_bits(dtype) == 0) return invalid_argument("{} is not a dtype", static_cast<int32_t>(dtype));
  if (shape.size() > kMaxRank)
    return invalid_argument("a tensor of rank {} was asked for; the most is {}", shape.size(), kMaxRank);
  if (shape.size() != strides.size())
    return invalid_argument("{} sizes came with {} strides", shape.size(), strides.size());
  if (std::ranges::any_of(shape, [](int64_t size) { return size < 0; })) {
    return invalid_argument("the shape {} has a negative size", describe_shape(shape));
  }
  if (std::ranges::any_of(strides, [](int64_t stride) { return stride < 0; })) {
    return invalid_argument("the strides {} have a negative one", describe_shape(strides));
  }
  return {};
}

Result<size_t> storage_bytes(DType dtype, std::span<const int64_t> shape, std::span<const int64_t> strides) {
  HEARTH_RETURN_IF_ERROR(check_layout(dtype, shape, strides));
  const auto bytes = elements_to_bytes(element_extent(shape, strides), dtype).as<ptrdiff_t>();
  if (!bytes || !dense_bytes(dtype, shape).valid()) return too_large(dtype, shape);
  return static_cast<size_t>(*bytes);
}

Result<std::array<int64_t, kMaxRank>> checked_row_major_strides(DType dtype, std::span<const int64_t> shape) {
  std::array<int64_t, kMaxRank> strides{};
  HEARTH_RETURN_IF_ERROR(check_layout(dtype, shape, std::span(strides).first(std::min(shape.size(), strides.size()))));
  if (!dense_bytes(dtype, shape).valid()) return too_large(dtype, shape);
  row_major_strides(shape, strides);
  return strides;
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
