#include "kernels/cuda/sorting.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/radix_sort.h"
#include "kernels/cuda/sorting_parameters.h"
#include "kernels/operands.h"
#include "kernels/visit.h"

namespace hearth::gpu {
namespace {

static_assert(SortingShape::kMaxRank == kMaxRank);

constexpr int64_t kMostLines = std::numeric_limits<int32_t>::max();
constexpr int64_t kMostLongLines = 65535;
constexpr int64_t kLongestLineOfBlock = 4096;
constexpr int64_t kLongestLine = int64_t{1} << 30;
constexpr int64_t kThreads = 256;
constexpr int64_t kMostThreads = 1024;

Result<SortingOrder> order_of(DType dtype, bool descending) {
  SortingOrder order{.kind = SortingOrder::kUnsigned, .descending = descending ? 1 : 0, .infinity = 0};
  HEARTH_RETURN_IF_ERROR(visit_real_dtype(dtype, [&]<typename T>(TypeTag<T>) -> Status {
    if constexpr (!is_floating_type<T>) order.kind = std::is_signed_v<T> ? SortingOrder::kSigned : order.kind;
    return {};
  }));
  if (is_floating(dtype)) order.kind = SortingOrder::kFloating;
  if (dtype == DType::kFloat16) order.infinity = 0x7C00;
  if (dtype == DType::kBFloat16) order.infinity = 0x7F80;
  if (dtype == DType::kFloat32) order.infinity = 0x7F800000;
  if (dtype == DType::kFloat64) order.infinity = 0x7FF0000000000000;
  return order;
}

/// `self` and results of rank 1 or more.
SortingShape shape_of(const Tensor& self, const Tensor& values, const Tensor& positions, int dimension) {
  SortingShape shape{};
  shape.lines = 1;
  for (int d = 0; d < self.rank(); ++d) {
    if (d == dimension) continue;
    shape.lines *= self.size(d);
    shape.shape[shape.rank] = self.size(d);
    shape.from_strides[shape.rank] = self.stride(d);
    shape.value_strides[shape.rank] = values.stride(d);
    shape.position_strides[shape.rank] = positions.stride(d);
    ++shape.rank;
  }
  shape.length = static_cast<int32_t>(self.size(dimension));
  shape.kept = static_cast<int32_t>(values.size(dimension));
  shape.padded = static_cast<int32_t>(std::bit_ceil(static_cast<uint32_t>(std::max(shape.length, 2))));
  shape.from_stride = self.stride(dimension);
  shape.value_stride = values.stride(dimension);
  shape.position_stride = positions.stride(dimension);
  return shape;
}

Status sort_long_lines(const KernelContext& context, const Tensor& self, const SortedLines& results,
                       const SortingShape& shape, int bits) {
  const int bytes = dtype_bits(self.dtype()) / 8;
  const std::string suffix = std::to_string(bytes);
  const LaunchShape launch_shape{
      .grid = {static_cast<uint32_t>((shape.length + kThreads - 1) / kThreads), static_cast<uint32_t>(shape.lines)},
      .block = {kThreads}};
  HEARTH_ASSIGN_OR_RETURN(const Tensor keys, context.pool->empty(bytes == 8 ? DType::kInt64 : DType::kInt32,
                                                                 std::array<int64_t, 2>{shape.lines, shape.length}));
  HEARTH_RETURN_IF_ERROR(
      launch(*context.gpu, "sorting", "make_keys_" + suffix, launch_shape, self.data(), keys.data(), shape));
  HEARTH_ASSIGN_OR_RETURN(const Tensor sorted, radix_sort(context, keys, bits));
  return launch(*context.gpu, "sorting", "take_sorted_" + suffix, launch_shape, self.data(), sorted.data(),
                results.first.data(), results.second.data(), shape);
}

/// Fills the results, which have as many elements in `dimension` as they keep. `bits` are the lowest ones of keys in
/// which they differ.
Status sort_lines(const KernelContext& context, const Tensor& self, int dimension, const SortingOrder& order, int bits,
                  const SortedLines& results) {
  const Tensor lines = at_least_1d(self);
  const int64_t length = lines.size(dimension);
  if (results.first.element_count() == 0) return {};
  if (length > kLongestLine || lines.element_count() / length > kMostLines) {
    return unavailable("sorting {} on a GPU", describe(self));
  }
  SortingShape shape = shape_of(lines, at_least_1d(results.first), at_least_1d(results.second), dimension);
  shape.order = order;
  const int64_t bytes = dtype_bits(self.dtype()) / 8;
  if (length > kLongestLineOfBlock) {
    if (shape.lines > kMostLongLines) return unavailable("sorting {} on a GPU", describe(self));
    return sort_long_lines(context, self, results, shape, bits);
  }
  const int64_t threads = std::clamp<int64_t>(shape.padded / 2, 32, kMostThreads);
  const int64_t entry_bytes = (bytes == 8 ? 8 : 4) + sizeof(int32_t);
  return launch(*context.gpu, "sorting", "sort_lines_" + std::to_string(bytes),
                {.grid = {static_cast<uint32_t>(shape.lines)},
                 .block = {static_cast<uint32_t>(threads)},
                 .shared_bytes = static_cast<uint32_t>(shape.padded * entry_bytes)},
                self.data(), results.first.data(), results.second.data(), shape);
}

/// The dimension; kUnavailable for what the host refuses, or has elements of its own kind.
Result<int> dimension_of(const Tensor& self, int64_t dimension) {
  HEARTH_RETURN_IF_ERROR(check_on_gpu({&self}));
  if (!self.defined() || !order_of(self.dtype(), false).ok()) {
    return unavailable("sorting {} on a GPU", describe(self));
  }
  return wrap_dimension("sort", dimension, self.rank());
}

}  // namespace

Result<SortedLines> sort(const KernelContext& context, const Tensor& self, int64_t dimension, bool descending) {
  HEARTH_ASSIGN_OR_RETURN(const int d, dimension_of(self, dimension));
  SortedLines results;
  HEARTH_ASSIGN_OR_RETURN(results.first, empty_like(*context.pool, self, self.dtype()));
  HEARTH_ASSIGN_OR_RETURN(results.second, empty_like(*context.pool, self, DType::kInt64));
  HEARTH_ASSIGN_OR_RETURN(const SortingOrder order, order_of(self.dtype(), descending));
  HEARTH_RETURN_IF_ERROR(sort_lines(context, self, d, order, dtype_bits(self.dtype()), results));
  return results;
}

Result<SortedLines> top_k(const KernelContext& context, const Tensor& self, int64_t k, int64_t dimension,
                          bool largest) {
  HEARTH_ASSIGN_OR_RETURN(const int d, dimension_of(self, dimension));
  if (k < (self.rank() == 0 ? 1 : 0) || k > at_least_1d(self).size(d)) {
    return unavailable("topk: {} elements of {}", k, describe(self));
  }
  Dimensions shape = to_dimensions(self.shape());
  if (!shape.empty()) shape[static_cast<size_t>(d)] = k;
  SortedLines results;
  HEARTH_ASSIGN_OR_RETURN(results.first, context.pool->empty(self.dtype(), shape));
  HEARTH_ASSIGN_OR_RETURN(results.second, context.pool->empty(DType::kInt64, shape));
  HEARTH_ASSIGN_OR_RETURN(const SortingOrder order, order_of(self.dtype(), largest));
  HEARTH_RETURN_IF_ERROR(sort_lines(context, self, d, order, dtype_bits(self.dtype()), results));
  return results;
}

Result<SortedLines> sort_numbers(const KernelContext& context, const Tensor& numbers, int64_t end) {
  SortedLines results;
  HEARTH_ASSIGN_OR_RETURN(results.first, context.pool->empty(DType::kInt64, numbers.shape()));
  HEARTH_ASSIGN_OR_RETURN(results.second, context.pool->empty(DType::kInt64, numbers.shape()));
  const SortingOrder order{.kind = SortingOrder::kUnsigned, .descending = 0, .infinity = 0};
  HEARTH_RETURN_IF_ERROR(sort_lines(context, numbers, 0, order, std::bit_width(static_cast<uint64_t>(end)), results));
  return results;
}

}  // namespace hearth::gpu
