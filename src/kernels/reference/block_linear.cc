#include "kernels/block_linear.h"

#include "base/errors.h"
#include "kernels/linear.h"
#include "kernels/operands.h"
#include "kernels/visit.h"

namespace hearth {

Result<Tensor> reference::block_linear(const KernelContext& context, const Tensor& x, const BlockWeights& weight,
                                       const Tensor& bias, const Tensor& residual, Activation activation) {
  HEARTH_RETURN_IF_ERROR(check_defined("linear", "x", x));
  const int64_t depth = x.rank() == 0 ? 0 : x.size(x.rank() - 1);
  HEARTH_RETURN_IF_ERROR(check_block_weights("linear", weight, depth));
  HEARTH_ASSIGN_OR_RETURN(const Tensor numbers, context.pool->empty(DType::kFloat32, std::array{weight.rows, depth}));
  for (int64_t row = 0; row < weight.rows; ++row) {
    read_block_row(weight, row, {numbers.data_as<float>() + row * depth, static_cast<size_t>(depth)});
  }
  return reference::linear(context, x, numbers, bias, residual, activation);
}

Result<Tensor> block_embedding(const KernelContext& context, const Tensor& ids, const BlockWeights& weight,
                               int64_t depth, DType dtype) {
  constexpr std::string_view kOp = "embedding";
  HEARTH_RETURN_IF_ERROR(check_defined(kOp, "ids", ids));
  HEARTH_RETURN_IF_ERROR(check_block_weights(kOp, weight, depth));
  if (ids.dtype() != DType::kInt64 && ids.dtype() != DType::kInt32) {
    return invalid_argument("{}: ids is {}, expected int64 or int32", kOp, describe(ids));
  }
  HEARTH_ASSIGN_OR_RETURN(const Tensor rows, row_major_as(*context.pool, ids, DType::kInt64));
  Dimensions shape = to_dimensions(ids.shape());
  shape.push_back(depth);
  HEARTH_ASSIGN_OR_RETURN(const Tensor values, context.pool->empty(DType::kFloat32, shape));
  const std::span<const int64_t> numbers(rows.data_as<int64_t>(), static_cast<size_t>(rows.element_count()));
  for (const int64_t row : numbers) {
    if (row < 0 || row >= weight.rows) {
      return invalid_argument("{}: the id {} is no row of the table, which has {}", kOp, row, weight.rows);
    }
  }
  context.team->parallel_for(rows.element_count(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      read_block_row(weight, numbers[static_cast<size_t>(i)],
                     {values.data_as<float>() + i * depth, static_cast<size_t>(depth)});
    }
  });
  return dtype == DType::kFloat32 ? values : row_major_as(*context.pool, values, dtype);
}

}  // namespace hearth
