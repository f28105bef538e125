#pragma once

#include <string_view>

#include "tensor/visit_dtype.h"

namespace hearth {

/// Calls `visit(TypeTag<T>{})` for float16, bfloat16, float32 and float64. kInvalidArgument names `op` otherwise.
template <typename Visit>
auto visit_floating_dtype(std::string_view op, DType dtype, Visit&& visit) -> decltype(visit(TypeTag<float>{})) {
  switch (dtype) {
    case DType::kFloat16:
      return visit(TypeTag<Float16>{});
    case DType::kBFloat16:
      return visit(TypeTag<BFloat16>{});
    case DType::kFloat32:
      return visit(TypeTag<float>{});
    case DType::kFloat64:
      return visit(TypeTag<double>{});
    default:
      return invalid_argument("{}: works on floating-point tensors, not on {}", op, dtype_name(dtype));
  }
}

/// Calls `visit(TypeTag<T>{})` with a type as large as an element, for operators that only move elements.
/// kInvalidArgument names `op` for dtypes with elements smaller than a byte.
template <typename Visit>
auto visit_element_size(std::string_view op, DType dtype, Visit&& visit) -> decltype(visit(TypeTag<float>{})) {
  switch (dtype_bits(dtype)) {
    case 8:
      return visit(TypeTag<uint8_t>{});
    case 16:
      return visit(TypeTag<uint16_t>{});
    case 32:
      return visit(TypeTag<uint32_t>{});
    case 64:
      return visit(TypeTag<uint64_t>{});
    case 128:
      return visit(TypeTag<std::complex<double>>{});
    default:
      return invalid_argument("{}: elements of dtype {} cannot be moved one by one", op, dtype_name(dtype));
  }
}

/// What sums and comparisons of T are computed in.
template <typename T>
struct ComputeType {
  using type = T;
};
template <>
struct ComputeType<Float16> {
  using type = float;
};
template <>
struct ComputeType<BFloat16> {
  using type = float;
};
template <typename T>
using Compute = typename ComputeType<T>::type;

/// True for NaN of any type; integers have none.
template <typename T>
bool is_nan(T value) {
  return value != value;
}

/// True for the types that visit_floating_dtype visits.
template <typename T>
inline constexpr bool is_floating_type = std::is_floating_point_v<Compute<T>>;

/// True for dtypes that visit_floating_dtype takes.
constexpr bool is_floating(DType dtype) {
  return dtype == DType::kFloat16 || dtype == DType::kBFloat16 || dtype == DType::kFloat32 || dtype == DType::kFloat64;
}

}  // namespace hearth
