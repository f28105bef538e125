#pragma once

#include <complex>
#include <cstdint>

#include "base/errors.h"
#include "hearth/tensor.h"
#include "tensor/float16.h"

namespace hearth {

/// Names a C++ type for visit_dtype's callback.
template <typename T>
struct TypeTag {
  using type = T;
};

/// Calls `visit(TypeTag<T>{})` with the C++ type of a real dtype (bool is `bool`), and returns what it returned: a
/// Status or a Result. kInvalidArgument for complex and packed dtypes.
template <typename Visit>
auto visit_real_dtype(DType dtype, Visit&& visit) -> decltype(visit(TypeTag<float>{})) {
  switch (dtype) {
    case DType::kUInt8:
      return visit(TypeTag<uint8_t>{});
    case DType::kInt8:
      return visit(TypeTag<int8_t>{});
    case DType::kInt16:
      return visit(TypeTag<int16_t>{});
    case DType::kInt32:
      return visit(TypeTag<int32_t>{});
    case DType::kInt64:
      return visit(TypeTag<int64_t>{});
    case DType::kFloat16:
      return visit(TypeTag<Float16>{});
    case DType::kFloat32:
      return visit(TypeTag<float>{});
    case DType::kFloat64:
      return visit(TypeTag<double>{});
    case DType::kBool:
      return visit(TypeTag<bool>{});
    case DType::kBFloat16:
      return visit(TypeTag<BFloat16>{});
    case DType::kUInt16:
      return visit(TypeTag<uint16_t>{});
    case DType::kUInt32:
      return visit(TypeTag<uint32_t>{});
    case DType::kUInt64:
      return visit(TypeTag<uint64_t>{});
    default:
      return invalid_argument("elements of dtype {} are not numbers of their own", dtype_name(dtype));
  }
}

}  // namespace hearth
