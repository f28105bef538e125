#include "kernels/operands.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/errors.h"
#include "tensor/copy.h"
#include "tensor/layout.h"

namespace hearth {
namespace {

/// True when each element has a place of its own and no gaps lie between them (c10's is_non_overlapping_and_dense).
bool is_dense(const Tensor& tensor) {
  std::vector<int> order(static_cast<size_t>(tensor.rank()));
  std::iota(order.begin(), order.end(), 0);
  std::erase_if(order, [&](int i) { return tensor.size(i) == 1; });
  std::ranges::sort(order, {}, [&](int i) { return tensor.stride(i); });
  int64_t expected = 1;
  for (const int i : order) {
    if (tensor.size(i) == 0) return true;
    if (tensor.stride(i) != expected) return false;
    expected *= tensor.size(i);
  }
  return true;
}

/// Compares two dimensions as at::TensorIterator does: positive when `inner` belongs outside of `outer`.
int compare_dimensions(std::span<const int64_t> shape, std::span<const std::span<const int64_t>> strides,
                       std::span<const int64_t> element_sizes, size_t inner, size_t outer) {
  for (size_t operand = 0; operand < strides.size(); ++operand) {
    const int64_t a = strides[operand][inner] * element_sizes[operand];
    const int64_t b = strides[operand][outer] * element_sizes[operand];
    if (a == 0 || b == 0) continue;
    if (a != b) return a < b ? -1 : 1;
    if (shape[inner] > shape[outer]) return 1;
  }
  return 0;
}

}  // namespace

Status check_defined(std::string_view op, std::string_view operand, const Tensor& tensor) {
  if (tensor.defined()) return {};
  return invalid_argument("{}: {} is undefined", op, operand);
}

Status check_dtype(std::string_view op, std::string_view operand, const Tensor& tensor, DType dtype) {
  HEARTH_RETURN_IF_ERROR(check_defined(op, operand, tensor));
  if (tensor.dtype() == dtype) return {};
  return invalid_argument("{}: {} is {}, expected {}", op, operand, describe(tensor), dtype_name(dtype));
}

Status check_shape(std::string_view op, std::string_view operand, const Tensor& tensor,
                   std::span<const int64_t> shape) {
  HEARTH_RETURN_IF_ERROR(check_defined(op, operand, tensor));
  if (std::ranges::equal(tensor.shape(), shape)) return {};
  return invalid_argument("{}: {} is {}, expected shape {}", op, operand, describe(tensor), describe_shape(shape));
}

Result<int> wrap_dimension(std::string_view op, int64_t dimension, int rank) {
  const int64_t count = std::max(rank, 1);
  if (dimension < -count || dimension >= count) {
    return invalid_argument("{}: dimension {} is outside of [{}, {}]", op, dimension, -count, count - 1);
  }
  return static_cast<int>(dimension < 0 ? dimension + count : dimension);
}

Result<Dimensions> broadcast_shapes(std::string_view op, std::span<const int64_t> a, std::span<const int64_t> b) {
  Dimensions shape(std::max(a.size(), b.size()), 1);
  for (size_t i = 1; i <= shape.size(); ++i) {
    const int64_t from_a = i <= a.size() ? a[a.size() - i] : 1;
    const int64_t from_b = i <= b.size() ? b[b.size() - i] : 1;
    if (from_a != from_b && from_a != 1 && from_b != 1) {
      return invalid_argument("{}: shapes {} and {} do not broadcast", op, describe_shape(a), describe_shape(b));
    }
    shape[shape.size() - i] = from_a == 1 ? from_b : from_a;
  }
  return shape;
}

Result<Tensor> expand(std::string_view op, std::string_view operand, const Tensor& tensor,
                      std::span<const int64_t> shape) {
  HEARTH_RETURN_IF_ERROR(check_defined(op, operand, tensor));
  const auto rank = static_cast<size_t>(tensor.rank());
  bool fits = rank <= shape.size();
  Dimensions strides(shape.size(), 0);
  for (size_t i = 1; fits && i <= rank; ++i) {
    const int64_t size = tensor.shape()[rank - i];
    fits = size == shape[shape.size() - i] || size == 1;
    if (size != 1) strides[shape.size() - i] = tensor.strides()[rank - i];
  }
  if (!fits) {
    return invalid_argument("{}: {} is {}, which does not broadcast to {}", op, operand, describe(tensor),
                            describe_shape(shape));
  }
  return view_of(tensor, shape, strides, tensor.offset());
}

Result<Tensor> view_of(const Tensor& tensor, std::span<const int64_t> shape, std::span<const int64_t> strides,
                       int64_t offset) {
  return Tensor::view(tensor.storage(), tensor.dtype(), shape, strides, offset);
}

Tensor at_least_1d(const Tensor& tensor) {
  if (tensor.rank() > 0) return tensor;
  constexpr std::array<int64_t, 1> kOne{1};
  // A view with the same element of the same storage cannot fail.
  return view_of(tensor, kOne, kOne, tensor.offset()).value();
}

bool is_channels_last(std::span<const int64_t> sizes, std::span<const int64_t> strides) {
  if (strides[1] == 0) return false;
  int64_t least = 0;
  std::array<size_t, 5> order{1};
  for (size_t i = 1; i + 1 < sizes.size(); ++i) order[i] = sizes.size() - i;
  for (const size_t i : std::span(order).first(sizes.size())) {
    if (sizes[i] == 0 || strides[i] < least) return false;
    if (i == 0 && least == strides[1]) return false;
    least = sizes[i] > 1 ? strides[i] * sizes[i] : strides[i];
  }
  return true;
}

Dimensions channels_last_strides(std::span<const int64_t> shape) {
  std::vector<int> order(shape.size(), 0);
  for (size_t i = 1; i + 1 < shape.size(); ++i) order[i] = static_cast<int>(i) + 1;
  order.back() = 1;
  Dimensions strides(shape.size());
  dense_strides(shape, order, strides);
  return strides;
}

Dimensions elementwise_strides(std::span<const int64_t> shape, std::span<const std::span<const int64_t>> strides,
                               std::span<const int64_t> element_sizes) {
  const auto rank = static_cast<int>(shape.size());
  std::vector<int> innermost_first(shape.size());
  for (int i = 0; i < rank; ++i) innermost_first[static_cast<size_t>(i)] = rank - 1 - i;
  for (int i = 1; i < rank; ++i) {
    auto moving = static_cast<size_t>(i);
    for (auto other = moving; other-- > 0;) {
      const int order = compare_dimensions(shape, strides, element_sizes, static_cast<size_t>(innermost_first[other]),
                                           static_cast<size_t>(innermost_first[moving]));
      if (order < 0) break;
      if (order == 0) continue;
      std::swap(innermost_first[other], innermost_first[moving]);
      moving = other;
    }
  }
  std::ranges::reverse(innermost_first);
  Dimensions result(shape.size());
  dense_strides(shape, innermost_first, result);
  return result;
}

Result<Tensor> empty_elementwise(MemoryPool& pool, DType dtype, std::span<const int64_t> shape,
                                 std::span<const Tensor> operands) {
  std::vector<Tensor> views;
  std::vector<std::span<const int64_t>> strides;
  Dimensions element_sizes;
  views.reserve(operands.size());
  for (const Tensor& operand : operands) {
    HEARTH_ASSIGN_OR_RETURN(views.emplace_back(), expand("elementwise", "operand", operand, shape));
    strides.push_back(views.back().strides());
    element_sizes.push_back(dtype_bits(operand.dtype()) / 8);
  }
  // TensorIterator keeps the strides of operands that all agree, also where a size is 1.
  const bool agree = std::ranges::all_of(operands, [&](const Tensor& operand) {
    return std::ranges::equal(operand.shape(), shape) && std::ranges::equal(operand.strides(), operands[0].strides());
  });
  if (!operands.empty() && agree && is_dense(operands[0]))
    return pool.empty_strided(dtype, shape, operands[0].strides());
  return pool.empty_strided(dtype, shape, elementwise_strides(shape, strides, element_sizes));
}

Result<Tensor> empty_like(MemoryPool& pool, const Tensor& tensor, DType dtype) {
  return empty_elementwise(pool, dtype, tensor.shape(), std::span(&tensor, 1));
}

Result<Tensor> row_major_as(MemoryPool& pool, const Tensor& tensor, DType dtype) {
  HEARTH_ASSIGN_OR_RETURN(Tensor copy, pool.empty(dtype, tensor.shape()));
  HEARTH_RETURN_IF_ERROR(copy_strided(copy, tensor));
  return copy;
}

Result<Tensor> clone(MemoryPool& pool, const Tensor& tensor) {
  HEARTH_ASSIGN_OR_RETURN(Tensor copy, empty_like(pool, tensor, tensor.dtype()));
  HEARTH_RETURN_IF_ERROR(copy_strided(copy, tensor));
  return copy;
}

}  // namespace hearth
