#include "base/errors.h"
#include "kernels/linear.h"
#include "kernels/operands.h"
#include "tensor/copy.h"

namespace hearth {
namespace {

constexpr std::string_view kOp = "grouped_mm";

/// Rows [begin, end) of a matrix.
Result<Tensor> rows_of(const Tensor& matrix, int64_t begin, int64_t end) {
  return view_of(matrix, Dimensions{end - begin, matrix.size(1)}, matrix.strides(),
                 matrix.offset() + begin * matrix.stride(0));
}

/// Matrix `index` of a batch.
Result<Tensor> matrix_of(const Tensor& batch, int64_t index) {
  return view_of(batch, batch.shape().subspan(1), batch.strides().subspan(1), batch.offset() + index * batch.stride(0));
}

Status check_shapes(const Tensor& x, const Tensor& weights, const Tensor& ends) {
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "x", x));
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "weights", weights));
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "ends", ends));
  if (x.rank() != 2 || weights.rank() != 3 || weights.size(1) != x.size(1)) {
    return invalid_argument("{}: weights {} do not fit x {}", kOp, describe(weights), describe(x));
  }
  return check_shape(kOp, "ends", ends, Dimensions{weights.size(0)});
}

}  // namespace

Result<Tensor> sum_of_matmuls(const KernelContext& context, const Tensor& self, const Tensor& a, const Tensor& b,
                              double beta, double alpha) {
  constexpr std::string_view kSum = "addbmm";
  HEARTH_RETURN_IF_ERROR(check_defined(kSum, "batch1", a));
  HEARTH_RETURN_IF_ERROR(check_defined(kSum, "batch2", b));
  if (a.rank() != 3 || b.rank() != 3 || a.size(0) != b.size(0) || a.size(0) == 0) {
    return invalid_argument("{}: batches {} and {} do not fit", kSum, describe(a), describe(b));
  }
  HEARTH_ASSIGN_OR_RETURN(Tensor result, context.pool->empty(a.dtype(), Dimensions{a.size(1), b.size(2)}));
  for (int64_t i = 0; i < a.size(0); ++i) {
    HEARTH_ASSIGN_OR_RETURN(const Tensor left, matrix_of(a, i));
    HEARTH_ASSIGN_OR_RETURN(const Tensor right, matrix_of(b, i));
    HEARTH_RETURN_IF_ERROR(matmul(context, result, i == 0 ? self : result, left, right, i == 0 ? beta : 1.0, alpha));
  }
  return result;
}

Result<Tensor> grouped_matmul(const KernelContext& context, const Tensor& x, const Tensor& weights,
                              const Tensor& ends) {
  HEARTH_RETURN_IF_ERROR(check_shapes(x, weights, ends));
  HEARTH_ASSIGN_OR_RETURN(const Tensor positions, row_major_as(*context.pool, ends, DType::kInt64));
  HEARTH_ASSIGN_OR_RETURN(Tensor result, context.pool->empty(x.dtype(), Dimensions{x.size(0), weights.size(2)}));
  int64_t begin = 0;
  for (int64_t group = 0; group < weights.size(0); ++group) {
    const int64_t end = positions.data_as<int64_t>()[group];
    if (end < begin || end > x.size(0)) {
      return invalid_argument("{}: group {} ends at row {}, it begins at {} of {}", kOp, group, end, begin, x.size(0));
    }
    if (end > begin) {
      HEARTH_ASSIGN_OR_RETURN(const Tensor out, rows_of(result, begin, end));
      HEARTH_ASSIGN_OR_RETURN(const Tensor rows, rows_of(x, begin, end));
      HEARTH_ASSIGN_OR_RETURN(const Tensor weight, matrix_of(weights, group));
      HEARTH_RETURN_IF_ERROR(matmul(context, out, Tensor(), rows, weight, 0.0, 1.0));
    }
    begin = end;
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor rest, rows_of(result, begin, x.size(0)));
  HEARTH_RETURN_IF_ERROR(fill_zero(rest));
  return result;
}

}  // namespace hearth
