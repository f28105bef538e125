#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/checked.h"
#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// Elements from the first to one past the last that shape and strides reach; 0 when any size is 0. Invalid for
/// negative sizes or strides and when it overflows.
CheckedSize element_extent(std::span<const int64_t> shape, std::span<const int64_t> strides);

/// Bytes that `elements` elements of `dtype` take, rounded up to whole bytes.
CheckedSize elements_to_bytes(CheckedSize elements, DType dtype);

/// Bytes of a row-major tensor, counting sizes of 0 as 1; invalid when no memory can be that large. Where it is valid,
/// counting elements and making row-major strides does not overflow.
CheckedSize dense_bytes(DType dtype, std::span<const int64_t> shape);

/// kInvalidArgument when `dtype` is none, the rank is above kMaxRank, or a size or stride is negative or missing.
Status check_layout(DType dtype, std::span<const int64_t> shape, std::span<const int64_t> strides);

/// Bytes that a storage needs for this layout. Errors of check_layout; kOutOfMemory when no memory can be that large.
Result<size_t> storage_bytes(DType dtype, std::span<const int64_t> shape, std::span<const int64_t> strides);

/// Row-major strides of any shape, in the first shape.size() places. The same errors.
Result<std::array<int64_t, kMaxRank>> checked_row_major_strides(DType dtype, std::span<const int64_t> shape);

/// Row-major strides of `shape`, written to `strides` (same length). A size of 0 counts as 1, as PyTorch does.
void row_major_strides(std::span<const int64_t> shape, std::span<int64_t> strides);

/// Dense strides whose memory order, outermost first, is `dim_order` (a permutation of the dimensions).
void dense_strides(std::span<const int64_t> shape, std::span<const int> dim_order, std::span<int64_t> strides);

/// True when both describe the same elements: strides may differ only in dimensions of size 1 or in empty tensors.
bool same_layout(std::span<const int64_t> shape, std::span<const int64_t> a, std::span<const int64_t> b);

}  // namespace hearth
