#include "kernels/adapter.h"

#include "base/errors.h"
#include "kernels/linear.h"
#include "kernels/operands.h"

namespace hearth {

const LowRank* Adapter::find(const Tensor& weight) const {
  const auto found = additions_.find(weight.data());
  return found == additions_.end() ? nullptr : &found->second;
}

Result<Tensor> with_adapter(const KernelContext& context, const Tensor& x, const Tensor& weight,
                            const Tensor& residual) {
  if (context.adapter == nullptr || !weight.defined()) return residual;
  const LowRank* addition = context.adapter->find(weight);
  if (addition == nullptr) return residual;
  HEARTH_RETURN_IF_ERROR(check_defined("adapter", "x", x));
  KernelContext own = context;
  own.packed = &context.adapter->packed();
  const auto wide = [&](const Tensor& tensor) {
    const bool is_wide = !tensor.defined() || tensor.dtype() == DType::kFloat32;
    return is_wide ? Result<Tensor>(tensor) : row_major_as(*context.pool, tensor, DType::kFloat32);
  };
  HEARTH_ASSIGN_OR_RETURN(const Tensor rows, wide(x));
  HEARTH_ASSIGN_OR_RETURN(const Tensor added, wide(residual));
  HEARTH_ASSIGN_OR_RETURN(const Tensor thin, linear(own, rows, addition->down, Tensor(), Tensor(), Activation::kNone));
  HEARTH_ASSIGN_OR_RETURN(const Tensor sum, linear(own, thin, addition->up, Tensor(), added, Activation::kNone));
  return x.dtype() == DType::kFloat32 ? sum : row_major_as(*context.pool, sum, x.dtype());
}

}  // namespace hearth
