#include "kernels/experts.h"

#include "base/errors.h"
#include "kernels/block_linear.h"
#include "kernels/linear.h"
#include "kernels/operands.h"
#include "tensor/copy.h"

namespace hearth {

Result<Tensor> reference::experts_linear(const KernelContext& context, const Tensor& x, const Tensor& experts,
                                         const ExpertWeights& weights, const Tensor& bias) {
  HEARTH_RETURN_IF_ERROR(check_experts(x, experts, weights, bias));
  HEARTH_ASSIGN_OR_RETURN(const Tensor numbers, row_major_as(*context.pool, experts, DType::kInt64));
  const int64_t depth = x.size(x.rank() - 1);
  HEARTH_ASSIGN_OR_RETURN(
      Tensor y, context.pool->empty(x.dtype(), Dimensions{experts.size(0), experts.size(1), weights.columns}));
  for (int64_t t = 0; t < experts.size(0); ++t) {
    for (int64_t i = 0; i < experts.size(1); ++i) {
      const int64_t expert = numbers.data_as<int64_t>()[t * experts.size(1) + i];
      if (expert < 0 || expert >= weights.data.size(0)) return invalid_argument("moe: there is no expert {}", expert);
      const int64_t at = x.offset() + t * x.stride(0) + (x.rank() == 3 ? i * x.stride(1) : 0);
      HEARTH_ASSIGN_OR_RETURN(const Tensor row,
                              view_of(x, Dimensions{1, depth}, Dimensions{depth, x.stride(x.rank() - 1)}, at));
      HEARTH_ASSIGN_OR_RETURN(const Tensor matrix, weights_of_expert(weights, expert));
      Tensor added;
      if (bias.defined()) {
        HEARTH_ASSIGN_OR_RETURN(added, view_of(bias, Dimensions{weights.columns}, bias.strides().subspan(1),
                                               bias.offset() + expert * bias.stride(0)));
      }
      HEARTH_ASSIGN_OR_RETURN(const Tensor product,
                              weights.format
                                  ? reference::block_linear(context, row, {matrix, *weights.format, weights.columns},
                                                            added, Tensor(), Activation::kNone)
                                  : reference::linear(context, row, matrix, added, Tensor(), Activation::kNone));
      HEARTH_ASSIGN_OR_RETURN(const Tensor out,
                              view_of(y, Dimensions{1, weights.columns}, Dimensions{weights.columns, 1},
                                      (t * experts.size(1) + i) * weights.columns));
      HEARTH_RETURN_IF_ERROR(copy_strided(out, product));
    }
  }
  return y;
}

}  // namespace hearth
