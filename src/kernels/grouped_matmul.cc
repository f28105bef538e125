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
      HEARTH_ASSIGN_OR_RETURN(const Tensor weight,
                              view_of(weights, weights.shape().subspan(1), weights.strides().subspan(1),
                                      weights.offset() + group * weights.stride(0)));
      HEARTH_RETURN_IF_ERROR(matmul(context, out, Tensor(), rows, weight, 0.0, 1.0));
    }
    begin = end;
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor rest, rows_of(result, begin, x.size(0)));
  HEARTH_RETURN_IF_ERROR(fill_zero(rest));
  return result;
}

}  // namespace hearth
