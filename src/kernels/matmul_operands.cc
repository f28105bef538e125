#include "kernels/matmul_operands.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/errors.h"
#include "kernels/operands.h"

namespace hearth {
namespace {

template <typename T>
constexpr DType kDTypeOf = DType::kFloat32;
template <>
constexpr DType kDTypeOf<double> = DType::kFloat64;
template <>
constexpr DType kDTypeOf<BFloat16> = DType::kBFloat16;
template <>
constexpr DType kDTypeOf<Float16> = DType::kFloat16;

template <typename T>
MatrixView<T> matrix_view(const Tensor& tensor) {
  const int last = tensor.rank() - 1;
  return {tensor.data_as<T>(), tensor.rank() == 3 ? tensor.stride(0) : 0, tensor.stride(last - 1), tensor.stride(last)};
}

/// `self` seen with the shape of `out`, its missing and size-1 dimensions repeated.
template <typename T>
Result<MatrixView<T>> broadcast_view(const char* op, const Tensor& self, const Tensor& out) {
  const int missing = out.rank() - self.rank();
  if (missing < 0)
    return invalid_argument("{}: self {} has more dimensions than the result {}", op, describe(self), describe(out));
  std::array<int64_t, 3> strides{};
  for (int i = 0; i < self.rank(); ++i) {
    if (self.size(i) != 1 && self.size(i) != out.size(missing + i)) {
      return invalid_argument("{}: self {} does not broadcast to the result {}", op, describe(self), describe(out));
    }
    strides[static_cast<size_t>(3 - self.rank() + i)] = self.size(i) == 1 ? 0 : self.stride(i);
  }
  return MatrixView<T>{self.data_as<T>(), strides[0], strides[1], strides[2]};
}

Status check_size(const char* op, const char* operand, const Tensor& tensor, int dimension, int64_t expected,
                  const char* other) {
  if (tensor.size(dimension) == expected) return {};
  return invalid_argument("{}: {} is {}, but its dimension {} must be {} to fit {}", op, operand, describe(tensor),
                          dimension, expected, other);
}

}  // namespace

template <typename T>
Result<MatmulOperands<T>> matmul_operands(int rank, const Tensor& out, const Tensor& self, const Tensor& a,
                                          const Tensor& b, double beta) {
  const char* op = rank == 3 ? "batched_matmul" : "matmul";
  for (const auto& [name, tensor] : {std::pair{"out", &out}, {"a", &a}, {"b", &b}}) {
    HEARTH_RETURN_IF_ERROR(check_dtype(op, name, *tensor, kDTypeOf<T>));
    if (tensor->rank() != rank)
      return invalid_argument("{}: {} is {}, but must have {} dimensions", op, name, describe(*tensor), rank);
  }
  MatmulOperands<T> operands;
  operands.batches = rank == 3 ? a.size(0) : 1;
  operands.rows = a.size(rank - 2);
  operands.depth = a.size(rank - 1);
  operands.columns = b.size(rank - 1);
  HEARTH_RETURN_IF_ERROR(check_size(op, "b", b, rank - 2, operands.depth, "a"));
  if (rank == 3) HEARTH_RETURN_IF_ERROR(check_size(op, "b", b, 0, operands.batches, "a"));
  if (rank == 3) HEARTH_RETURN_IF_ERROR(check_size(op, "out", out, 0, operands.batches, "a"));
  HEARTH_RETURN_IF_ERROR(check_size(op, "out", out, rank - 2, operands.rows, "a"));
  HEARTH_RETURN_IF_ERROR(check_size(op, "out", out, rank - 1, operands.columns, "b"));
  operands.out = matrix_view<T>(out);
  operands.a = matrix_view<T>(a);
  operands.b = matrix_view<T>(b);
  if (beta == 0) return operands;
  HEARTH_RETURN_IF_ERROR(check_dtype(op, "self", self, kDTypeOf<T>));
  HEARTH_ASSIGN_OR_RETURN(operands.self, broadcast_view<T>(op, self, out));
  return operands;
}

template Result<MatmulOperands<float>> matmul_operands(int, const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                                                       double);
template Result<MatmulOperands<double>> matmul_operands(int, const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                                                        double);
template Result<MatmulOperands<BFloat16>> matmul_operands(int, const Tensor&, const Tensor&, const Tensor&,
                                                          const Tensor&, double);
template Result<MatmulOperands<Float16>> matmul_operands(int, const Tensor&, const Tensor&, const Tensor&,
                                                         const Tensor&, double);

Status check_linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual) {
  const bool half = x.defined() && (x.dtype() == DType::kBFloat16 || x.dtype() == DType::kFloat16);
  const DType dtype = half ? x.dtype() : DType::kFloat32;
  HEARTH_RETURN_IF_ERROR(check_dtype("linear", "x", x, dtype));
  HEARTH_RETURN_IF_ERROR(check_dtype("linear", "weight", weight, dtype));
  if (x.rank() == 0) return invalid_argument("linear: x is a single number, but needs at least one dimension");
  if (weight.rank() != 2)
    return invalid_argument("linear: weight is {}, but must have two dimensions", describe(weight));
  HEARTH_RETURN_IF_ERROR(check_size("linear", "weight", weight, 1, x.size(x.rank() - 1), "x"));
  if (bias.defined()) {
    if (bias.dtype() != DType::kFloat32) HEARTH_RETURN_IF_ERROR(check_dtype("linear", "bias", bias, dtype));
    if (bias.rank() != 1) return invalid_argument("linear: bias is {}, but must have one dimension", describe(bias));
    HEARTH_RETURN_IF_ERROR(check_size("linear", "bias", bias, 0, weight.size(0), "weight"));
  }
  if (!residual.defined()) return {};
  HEARTH_RETURN_IF_ERROR(check_dtype("linear", "residual", residual, dtype));
  std::vector<int64_t> expected(x.shape().begin(), x.shape().end());
  expected.back() = weight.size(0);
  if (std::ranges::equal(residual.shape(), expected)) return {};
  return invalid_argument("linear: residual is {}, but must have the result's shape {}", describe(residual),
                          describe_shape(expected));
}

}  // namespace hearth
