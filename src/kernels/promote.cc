#include <algorithm>

#include "base/errors.h"
#include "kernels/shape_ops.h"
#include "kernels/visit.h"

namespace hearth {
namespace {

enum class Category { kBool, kInteger, kFloating, kComplex, kOther };

Category category_of(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return Category::kBool;
    case DType::kUInt8:
    case DType::kInt8:
    case DType::kInt16:
    case DType::kInt32:
    case DType::kInt64:
      return Category::kInteger;
    case DType::kFloat16:
    case DType::kBFloat16:
    case DType::kFloat32:
    case DType::kFloat64:
      return Category::kFloating;
    case DType::kComplex64:
    case DType::kComplex128:
      return Category::kComplex;
    default:
      return Category::kOther;
  }
}

DType promote_integers(DType a, DType b) {
  // A signed type that holds both: only uint8 with int8 needs a third.
  if (std::min(a, b) == DType::kUInt8 && std::max(a, b) == DType::kInt8) return DType::kInt16;
  return dtype_bits(a) >= dtype_bits(b) ? a : b;
}

}  // namespace

Result<DType> promote_dtypes(DType a, DType b) {
  if (a == b) return a;
  if (category_of(a) > category_of(b)) std::swap(a, b);
  if (category_of(b) == Category::kOther) {
    return invalid_argument("{} and {} have no common dtype", dtype_name(a), dtype_name(b));
  }
  if (category_of(b) == Category::kComplex) {
    const bool wide = a == DType::kFloat64 || a == DType::kComplex128 || b == DType::kComplex128;
    return wide ? DType::kComplex128 : DType::kComplex64;
  }
  if (category_of(a) != category_of(b)) return b;
  if (category_of(a) == Category::kInteger) return promote_integers(a, b);
  if (dtype_bits(a) == dtype_bits(b)) return DType::kFloat32;  // float16 and bfloat16
  return dtype_bits(a) > dtype_bits(b) ? a : b;
}

}  // namespace hearth
