#include <array>

#include "base/errors.h"
#include "hearth/tensor.h"

namespace hearth {
namespace {

struct DTypeFacts {
  DType dtype;
  int bits;
  std::string_view name;
};

constexpr std::array kDTypes{
    DTypeFacts{DType::kUInt8, 8, "uint8"},
    DTypeFacts{DType::kInt8, 8, "int8"},
    DTypeFacts{DType::kInt16, 16, "int16"},
    DTypeFacts{DType::kInt32, 32, "int32"},
    DTypeFacts{DType::kInt64, 64, "int64"},
    DTypeFacts{DType::kFloat16, 16, "float16"},
    DTypeFacts{DType::kFloat32, 32, "float32"},
    DTypeFacts{DType::kFloat64, 64, "float64"},
    DTypeFacts{DType::kComplex64, 64, "complex64"},
    DTypeFacts{DType::kComplex128, 128, "complex128"},
    DTypeFacts{DType::kBool, 8, "bool"},
    DTypeFacts{DType::kBFloat16, 16, "bfloat16"},
    DTypeFacts{DType::kUInt16, 16, "uint16"},
    DTypeFacts{DType::kUInt32, 32, "uint32"},
    DTypeFacts{DType::kUInt64, 64, "uint64"},
    DTypeFacts{DType::kInt4, 4, "int4"},
    DTypeFacts{DType::kFloat8E5M2, 8, "float8_e5m2"},
    DTypeFacts{DType::kFloat8E4M3FN, 8, "float8_e4m3fn"},
    DTypeFacts{DType::kFloat8E5M2FNUZ, 8, "float8_e5m2fnuz"},
    DTypeFacts{DType::kFloat8E4M3FNUZ, 8, "float8_e4m3fnuz"},
    DTypeFacts{DType::kFloat8E8M0FNU, 8, "float8_e8m0fnu"},
};

const DTypeFacts* find(DType dtype) {
  for (const DTypeFacts& facts : kDTypes) {
    if (facts.dtype == dtype) return &facts;
  }
  return nullptr;
}

}  // namespace

int dtype_bits(DType dtype) {
  const DTypeFacts* facts = find(dtype);
  return facts ? facts->bits : 0;
}

std::string_view dtype_name(DType dtype) {
  const DTypeFacts* facts = find(dtype);
  return facts ? facts->name : "unknown";
}

bool is_dtype(int32_t value) { return find(static_cast<DType>(value)) != nullptr; }

Result<DType> parse_dtype(std::string_view name) {
  for (const DTypeFacts& facts : kDTypes) {
    if (facts.name == name) return facts.dtype;
  }
  return invalid_argument("'{}' is not a dtype that Hearth knows", name);
}

}  // namespace hearth
