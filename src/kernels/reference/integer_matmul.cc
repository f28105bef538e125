#include "kernels/integer_matmul.h"

#include <array>

#include "base/errors.h"
#include "kernels/operands.h"

namespace hearth {
namespace {

template <typename A>
int32_t sum_of_products(const Tensor& a, const Tensor& b, int64_t row, int64_t column) {
  int32_t sum = 0;
  for (int64_t k = 0; k < a.size(1); ++k) {
    sum += static_cast<int32_t>(a.data_as<A>()[row * a.stride(0) + k * a.stride(1)]) *
           b.data_as<int8_t>()[k * b.stride(0) + column * b.stride(1)];
  }
  return sum;
}

}  // namespace

Status check_integer_matmul(const Tensor& out, const Tensor& a, const Tensor& b) {
  constexpr std::string_view kOp = "int_mm";
  if (a.dtype() != DType::kUInt8) HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "self", a, DType::kInt8));
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "mat2", b, DType::kInt8));
  HEARTH_RETURN_IF_ERROR(check_dtype(kOp, "out", out, DType::kInt32));
  if (a.rank() != 2 || b.rank() != 2 || a.size(1) != b.size(0)) {
    return invalid_argument("{}: self {} and mat2 {} do not fit", kOp, describe(a), describe(b));
  }
  return check_shape(kOp, "out", out, std::array{a.size(0), b.size(1)});
}

Status reference::integer_matmul(const KernelContext&, const Tensor& out, const Tensor& a, const Tensor& b) {
  HEARTH_RETURN_IF_ERROR(check_integer_matmul(out, a, b));
  const auto sum = a.dtype() == DType::kUInt8 ? sum_of_products<uint8_t> : sum_of_products<int8_t>;
  for (int64_t row = 0; row < out.size(0); ++row) {
    for (int64_t column = 0; column < out.size(1); ++column) {
      out.data_as<int32_t>()[row * out.stride(0) + column * out.stride(1)] = sum(a, b, row, column);
    }
  }
  return {};
}

}  // namespace hearth
