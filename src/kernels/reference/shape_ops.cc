#include "kernels/shape_ops.h"

#include <algorithm>
#include <vector>

#include "base/checked.h"
#include "base/errors.h"
#include "kernels/operands.h"
#include "kernels/visit.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

/// What old PyTorch took for "nothing yet".
bool is_passed_over(const Tensor& tensor) { return tensor.rank() == 1 && tensor.size(0) == 0; }

bool has_channels_last_order(const Tensor& tensor) {
  return (tensor.rank() == 4 || tensor.rank() == 5) && is_channels_last(tensor.shape(), tensor.strides());
}

/// The shape of the result of cat, and whether it is channels-last.
struct Joined {
  Dimensions shape;
  int dimension = 0;
  DType dtype = DType::kFloat32;
  bool channels_last = false;
};

Result<Joined> joined_shape(std::span<const Tensor> tensors, int64_t dimension) {
  constexpr std::string_view kOp = "cat";
  if (tensors.empty()) return invalid_argument("{}: there is no tensor", kOp);
  Joined joined;
  joined.channels_last = std::ranges::all_of(tensors, has_channels_last_order);
  const Tensor* first = nullptr;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i];
    HEARTH_RETURN_IF_ERROR(check_defined(kOp, fmt::format("tensor {}", i), tensor));
    HEARTH_ASSIGN_OR_RETURN(joined.dtype,
                            i == 0 ? Result(tensor.dtype()) : promote_dtypes(joined.dtype, tensor.dtype()));
    if (is_passed_over(tensor)) continue;
    if (tensor.rank() == 0) return invalid_argument("{}: tensor {} is a scalar", kOp, i);
    if (!first) {
      first = &tensor;
      HEARTH_ASSIGN_OR_RETURN(joined.dimension, wrap_dimension(kOp, dimension, tensor.rank()));
      joined.shape = to_dimensions(tensor.shape());
      continue;
    }
    Dimensions expected = joined.shape;
    const auto d = static_cast<size_t>(joined.dimension);
    if (tensor.rank() == first->rank()) expected[d] = tensor.shape()[d];
    HEARTH_RETURN_IF_ERROR(check_shape(kOp, fmt::format("tensor {}", i), tensor, expected));
    joined.shape[d] += tensor.shape()[d];
  }
  if (!first) joined.shape = {0};
  return joined;
}

Result<Tensor> empty_in_order(const KernelContext& context, DType dtype, std::span<const int64_t> shape,
                              bool channels_last) {
  if (channels_last) return context.pool->empty_strided(dtype, shape, channels_last_strides(shape));
  return context.pool->empty(dtype, shape);
}

/// The dimension along which `tensor` is cut for its members: the outermost in memory with more than one entry.
int outermost_dimension(const Tensor& tensor) {
  int found = 0;
  for (int i = 1; i < tensor.rank(); ++i) {
    const bool outside = tensor.stride(i) > tensor.stride(found) || tensor.size(found) == 1;
    if (tensor.size(i) > 1 && outside) found = i;
  }
  return found;
}

/// Every element becomes `value`, of complex numbers too.
Status fill(const Tensor& tensor, double value) {
  if (tensor.dtype() == DType::kComplex64 || tensor.dtype() == DType::kComplex128) {
    HEARTH_ASSIGN_OR_RETURN(const Tensor pairs, view_as_real(tensor));
    HEARTH_RETURN_IF_ERROR(fill_zero(pairs));
    if (value == 0) return {};
    HEARTH_ASSIGN_OR_RETURN(const Tensor parts, narrow(pairs, -1, 0, 1));
    HEARTH_ASSIGN_OR_RETURN(const Tensor number, Tensor::empty(DType::kFloat64, {}));
    *number.data_as<double>() = value;
    HEARTH_ASSIGN_OR_RETURN(const Tensor everywhere, expand("pad", "value", number, parts.shape()));
    return copy_strided(parts, everywhere);
  }
  return visit_real_dtype(tensor.dtype(), [&]<typename T>(TypeTag<T>) -> Status {
    // Fresh and dense: its elements are its storage.
    std::fill_n(tensor.data_as<T>(), tensor.element_count(), static_cast<T>(static_cast<Compute<T>>(value)));
    return {};
  });
}

template <typename T>
void write_repeated(std::span<const int64_t> counts, T* to) {
  for (size_t i = 0; i < counts.size(); ++i) to = std::fill_n(to, counts[i], static_cast<T>(i));
}

}  // namespace

Status parallel_copy_strided(ThreadTeam& team, const Tensor& to, const Tensor& from) {
  constexpr int64_t kElementsWorthAThread = 32768;
  const int64_t elements = to.element_count();
  const bool same_shape = std::ranges::equal(to.shape(), from.shape());
  if (elements < 2 * kElementsWorthAThread || team.size() == 1 || !same_shape) return copy_strided(to, from);
  const int dimension = outermost_dimension(to);
  const int64_t rows = to.size(dimension);
  HEARTH_RETURN_IF_ERROR(copy_strided(*narrow(to, dimension, 0, 1), *narrow(from, dimension, 0, 1)));
  team.parallel_for(rows - 1, std::max<int64_t>(kElementsWorthAThread * rows / elements, 1),
                    [&](int64_t begin, int64_t end) {
                      // The first row was copied before: what fails for one row fails for all.
                      (void)copy_strided(*narrow(to, dimension, begin + 1, end - begin),
                                         *narrow(from, dimension, begin + 1, end - begin));
                    });
  return {};
}

Result<Tensor> concatenate(const KernelContext& context, std::span<const Tensor> tensors, int64_t dimension) {
  HEARTH_ASSIGN_OR_RETURN(const Joined joined, joined_shape(tensors, dimension));
  HEARTH_ASSIGN_OR_RETURN(const Tensor result,
                          empty_in_order(context, joined.dtype, joined.shape, joined.channels_last));
  int64_t start = 0;
  for (const Tensor& tensor : tensors) {
    if (is_passed_over(tensor)) continue;
    const int64_t size = tensor.size(joined.dimension);
    HEARTH_ASSIGN_OR_RETURN(const Tensor part, narrow(result, joined.dimension, start, size));
    HEARTH_RETURN_IF_ERROR(parallel_copy_strided(*context.team, part, tensor));
    start += size;
  }
  return result;
}

Result<Tensor> pad_constant(const KernelContext& context, const Tensor& tensor, std::span<const int64_t> padding,
                            double value) {
  constexpr std::string_view kOp = "pad";
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "self", tensor));
  if (padding.size() % 2 != 0 || padding.size() / 2 > static_cast<size_t>(tensor.rank())) {
    return invalid_argument("{}: {} numbers do not pair with the dimensions of {}", kOp, padding.size(),
                            describe(tensor));
  }
  Dimensions shape = to_dimensions(tensor.shape());
  Tensor source = tensor;
  Dimensions starts(shape.size(), 0);
  for (size_t i = 0; i < padding.size() / 2; ++i) {
    const auto d = static_cast<int>(shape.size() - 1 - i);
    const int64_t before = padding[2 * i];
    const int64_t after = padding[2 * i + 1];
    int64_t& size = shape[static_cast<size_t>(d)];
    const int64_t kept = size + std::min<int64_t>(before, 0) + std::min<int64_t>(after, 0);
    size += before + after;
    if (size < 0 || kept < 0) {
      return invalid_argument("{}: ({}, {}) crops more of dimension {} than {} has", kOp, before, after, d,
                              describe(tensor));
    }
    HEARTH_ASSIGN_OR_RETURN(source, narrow(source, d, std::max<int64_t>(-before, 0), kept));
    starts[static_cast<size_t>(d)] = std::max<int64_t>(before, 0);
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor result,
                          empty_in_order(context, tensor.dtype(), shape, has_channels_last_order(tensor)));
  HEARTH_RETURN_IF_ERROR(fill(result, value));
  Tensor inside = result;
  for (int d = 0; d < tensor.rank(); ++d) {
    HEARTH_ASSIGN_OR_RETURN(inside, narrow(inside, d, starts[static_cast<size_t>(d)], source.size(d)));
  }
  HEARTH_RETURN_IF_ERROR(parallel_copy_strided(*context.team, inside, source));
  return result;
}

Result<Tensor> repeat_interleave(const KernelContext& context, const Tensor& repeats,
                                 std::optional<int64_t> output_size) {
  constexpr std::string_view kOp = "repeat_interleave";
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "repeats", repeats));
  if (repeats.rank() != 1 || (repeats.dtype() != DType::kInt64 && repeats.dtype() != DType::kInt32)) {
    return invalid_argument("{}: repeats is {}, expected int64 or int32 of rank 1", kOp, describe(repeats));
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor counts, row_major_as(*context.pool, repeats, DType::kInt64));
  const std::span<const int64_t> values(counts.data_as<int64_t>(), static_cast<size_t>(counts.element_count()));
  CheckedSize sum = 0;
  for (const int64_t value : values) sum += value;
  const auto total = sum.as<int64_t>();
  if (!total) return invalid_argument("{}: repeats must not be negative", kOp);
  if (output_size && *output_size != *total) {
    return invalid_argument("{}: output_size is {}, but repeats add up to {}", kOp, *output_size, *total);
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor result, context.pool->empty(repeats.dtype(), std::span(&*total, 1)));
  if (result.dtype() == DType::kInt64) {
    write_repeated(values, result.data_as<int64_t>());
  } else {
    write_repeated(values, result.data_as<int32_t>());
  }
  return result;
}

}  // namespace hearth
