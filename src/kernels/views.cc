#include <algorithm>
#include <array>
#include <utility>

#include "base/checked.h"
#include "base/errors.h"
#include "kernels/complex_numbers.h"
#include "kernels/operands.h"
#include "kernels/shape_ops.h"
#include "tensor/layout.h"

namespace hearth {
namespace {

/// The strides of a view with `shape` of the same elements in the same order, or nothing where there is none.
std::optional<Dimensions> reshaped_strides(const Tensor& tensor, std::span<const int64_t> shape) {
  Dimensions strides(shape.size(), 1);
  if (tensor.element_count() == 0) return std::nullopt;
  auto to = static_cast<int64_t>(shape.size()) - 1;
  for (int from = tensor.rank() - 1; from >= 0;) {
    // A run of dimensions that memory holds as one.
    const int64_t innermost = tensor.stride(from);
    int64_t run = tensor.size(from);
    while (--from >= 0 && (tensor.size(from) == 1 || tensor.stride(from) == innermost * run)) run *= tensor.size(from);
    int64_t filled = 1;
    for (; to >= 0 && (filled < run || shape[static_cast<size_t>(to)] == 1); --to) {
      strides[static_cast<size_t>(to)] = innermost * filled;
      filled *= shape[static_cast<size_t>(to)];
    }
    if (filled != run) return std::nullopt;
  }
  return strides;
}

}  // namespace

Result<Tensor> permute(const Tensor& tensor, std::span<const int64_t> dimensions) {
  HEARTH_RETURN_IF_ERROR(check_defined("permute", "self", tensor));
  if (dimensions.size() != static_cast<size_t>(tensor.rank())) {
    return invalid_argument("permute: {} dimensions were named for {}", dimensions.size(), describe(tensor));
  }
  Dimensions shape;
  Dimensions strides;
  std::array<bool, kMaxRank> used{};
  for (const int64_t named : dimensions) {
    HEARTH_ASSIGN_OR_RETURN(const int dimension, wrap_dimension("permute", named, tensor.rank()));
    if (std::exchange(used[static_cast<size_t>(dimension)], true)) {
      return invalid_argument("permute: dimension {} is named twice", dimension);
    }
    shape.push_back(tensor.size(dimension));
    strides.push_back(tensor.stride(dimension));
  }
  return view_of(tensor, shape, strides, tensor.offset());
}

Result<Tensor> narrow(const Tensor& tensor, int64_t dimension, int64_t start, int64_t length) {
  HEARTH_RETURN_IF_ERROR(check_defined("narrow", "self", tensor));
  HEARTH_ASSIGN_OR_RETURN(const int d, wrap_dimension("narrow", dimension, tensor.rank()));
  if (tensor.rank() == 0) return invalid_argument("narrow: self is a scalar");
  const int64_t size = tensor.size(d);
  if (start < -size || start > size || length < 0) {
    return invalid_argument("narrow: [{}, +{}] does not lie in dimension {} of {}", start, length, d, describe(tensor));
  }
  if (start < 0) start += size;
  if (length > size - start) {
    return invalid_argument("narrow: [{}, +{}] does not lie in dimension {} of {}", start, length, d, describe(tensor));
  }
  return slice(tensor, d, start, start + length, 1);
}

Result<Tensor> slice(const Tensor& tensor, int64_t dimension, std::optional<int64_t> start, std::optional<int64_t> end,
                     int64_t step) {
  HEARTH_RETURN_IF_ERROR(check_defined("slice", "self", tensor));
  if (tensor.rank() == 0) return invalid_argument("slice: self is a scalar");
  if (step <= 0) return invalid_argument("slice: step is {}, expected at least 1", step);
  HEARTH_ASSIGN_OR_RETURN(const int d, wrap_dimension("slice", dimension, tensor.rank()));
  const int64_t size = tensor.size(d);
  const auto position = [size](int64_t value) {
    return std::clamp<int64_t>(value < 0 ? std::max(value, -size) + size : value, 0, size);
  };
  const int64_t first = position(start.value_or(0));
  const int64_t last = std::max(position(end.value_or(size)), first);
  Dimensions shape = to_dimensions(tensor.shape());
  Dimensions strides = to_dimensions(tensor.strides());
  shape[static_cast<size_t>(d)] = (last - first) / step + ((last - first) % step != 0 ? 1 : 0);
  if (shape[static_cast<size_t>(d)] > 1) strides[static_cast<size_t>(d)] *= step;
  // An empty view starts nowhere: its offset could lie behind the storage.
  const bool empty = first == last || tensor.element_count() == 0;
  const int64_t offset = empty ? 0 : first * tensor.stride(d);
  return view_of(tensor, shape, strides, tensor.offset() + offset);
}

Result<Tensor> squeeze(const Tensor& tensor, int64_t dimension) {
  HEARTH_RETURN_IF_ERROR(check_defined("squeeze", "self", tensor));
  HEARTH_ASSIGN_OR_RETURN(const int d, wrap_dimension("squeeze", dimension, tensor.rank()));
  if (tensor.rank() == 0 || tensor.size(d) != 1) return tensor;
  Dimensions shape = to_dimensions(tensor.shape());
  Dimensions strides = to_dimensions(tensor.strides());
  shape.erase(shape.begin() + d);
  strides.erase(strides.begin() + d);
  return view_of(tensor, shape, strides, tensor.offset());
}

Result<Tensor> unsqueeze(const Tensor& tensor, int64_t dimension) {
  HEARTH_RETURN_IF_ERROR(check_defined("unsqueeze", "self", tensor));
  HEARTH_ASSIGN_OR_RETURN(const int d, wrap_dimension("unsqueeze", dimension, tensor.rank() + 1));
  Dimensions shape = to_dimensions(tensor.shape());
  Dimensions strides = to_dimensions(tensor.strides());
  const int64_t stride = d < tensor.rank() ? tensor.size(d) * tensor.stride(d) : 1;
  shape.insert(shape.begin() + d, 1);
  strides.insert(strides.begin() + d, stride);
  return view_of(tensor, shape, strides, tensor.offset());
}

Result<Tensor> reshape(const KernelContext& context, const Tensor& tensor, std::span<const int64_t> shape) {
  HEARTH_RETURN_IF_ERROR(check_defined("reshape", "self", tensor));
  Dimensions wanted = to_dimensions(shape);
  CheckedSize known = 1;
  int64_t* open = nullptr;
  for (int64_t& size : wanted) {
    if (size != -1) {
      known *= size;
    } else if (std::exchange(open, &size) != nullptr) {
      return invalid_argument("reshape: {} has more than one -1", describe_shape(shape));
    }
  }
  const auto count = known.as<int64_t>();
  if (open && count && *count > 0) *open = tensor.element_count() / *count;
  const auto elements = open && count ? std::optional(*count * *open) : count;
  if (elements != tensor.element_count()) {
    return invalid_argument("reshape: {} does not have the elements of {}", describe(tensor), describe_shape(shape));
  }
  if (const auto strides = reshaped_strides(tensor, wanted)) return view_of(tensor, wanted, *strides, tensor.offset());
  HEARTH_ASSIGN_OR_RETURN(Tensor copy, row_major_as(*context.pool, tensor, tensor.dtype()));
  Dimensions strides(wanted.size());
  row_major_strides(wanted, strides);
  return view_of(copy, wanted, strides, 0);
}

Result<Tensor> view_as_dtype(const Tensor& tensor, DType dtype) {
  HEARTH_RETURN_IF_ERROR(check_defined("view_dtype", "self", tensor));
  const int from = dtype_bits(tensor.dtype());
  const int to = dtype_bits(dtype);
  Dimensions shape = to_dimensions(tensor.shape());
  Dimensions strides = to_dimensions(tensor.strides());
  if (from == to) return Tensor::view(tensor.storage(), dtype, shape, strides, tensor.offset());
  const auto misfit = [&] {
    return invalid_argument("view_dtype: {} cannot be seen as {}", describe(tensor), dtype_name(dtype));
  };
  if (shape.empty() || from < 8 || to < 8 || strides.back() != 1) return misfit();
  if (from > to) {
    const int64_t ratio = from / to;
    for (int64_t& stride : strides) stride *= ratio;
    strides.back() = 1;
    shape.back() *= ratio;
    return Tensor::view(tensor.storage(), dtype, shape, strides, tensor.offset() * ratio);
  }
  const int64_t ratio = to / from;
  bool fits = shape.back() % ratio == 0 && tensor.offset() % ratio == 0;
  for (size_t i = 0; i + 1 < strides.size(); ++i) fits = fits && strides[i] % ratio == 0;
  if (!fits) return misfit();
  for (int64_t& stride : strides) stride /= ratio;
  strides.back() = 1;
  shape.back() /= ratio;
  return Tensor::view(tensor.storage(), dtype, shape, strides, tensor.offset() / ratio);
}

Result<Tensor> view_as_real(const Tensor& tensor) {
  HEARTH_RETURN_IF_ERROR(check_defined("view_as_real", "self", tensor));
  if (!is_complex(tensor.dtype())) {
    return invalid_argument("view_as_real: self is {}, expected complex numbers", describe(tensor));
  }
  Dimensions shape = to_dimensions(tensor.shape());
  Dimensions strides = to_dimensions(tensor.strides());
  for (int64_t& stride : strides) stride *= 2;
  shape.push_back(2);
  strides.push_back(1);
  const DType real = tensor.dtype() == DType::kComplex64 ? DType::kFloat32 : DType::kFloat64;
  return Tensor::view(tensor.storage(), real, shape, strides, tensor.offset() * 2);
}

Result<Tensor> view_as_complex(const Tensor& tensor) {
  HEARTH_RETURN_IF_ERROR(check_defined("view_as_complex", "self", tensor));
  const bool real = tensor.dtype() == DType::kFloat32 || tensor.dtype() == DType::kFloat64;
  Dimensions shape = to_dimensions(tensor.shape());
  Dimensions strides = to_dimensions(tensor.strides());
  bool fits = real && !shape.empty() && shape.back() == 2 && strides.back() == 1 && tensor.offset() % 2 == 0;
  for (size_t i = 0; i + 1 < strides.size(); ++i) fits = fits && strides[i] % 2 == 0;
  if (!fits) {
    return invalid_argument("view_as_complex: self is {}, expected adjacent pairs of float32 or float64",
                            describe(tensor));
  }
  shape.pop_back();
  strides.pop_back();
  for (int64_t& stride : strides) stride /= 2;
  const DType complex = tensor.dtype() == DType::kFloat32 ? DType::kComplex64 : DType::kComplex128;
  return Tensor::view(tensor.storage(), complex, shape, strides, tensor.offset() / 2);
}

}  // namespace hearth
