#pragma once

#include <optional>
#include <utility>

#include "kernels/context.h"

namespace hearth {

// Running results along one dimension: entry i stands for entries 0 to i. Row-major results of self's shape; any
// strides in. Floats add up in double, half floats in float. kInvalidArgument names what does not fit.

/// torch.cumsum and cumprod in `dtype`; by default int64 for integers and bool, else self's.
Result<Tensor> cumulative_sum(const KernelContext& context, const Tensor& self, int64_t dimension,
                              std::optional<DType> dtype);
Result<Tensor> cumulative_product(const KernelContext& context, const Tensor& self, int64_t dimension,
                                  std::optional<DType> dtype);
/// torch.logcumsumexp, floating dtypes.
Result<Tensor> cumulative_logsumexp(const KernelContext& context, const Tensor& self, int64_t dimension);
/// torch.cummax and cummin: values and the int64 positions where they come last. NaN wins.
Result<std::pair<Tensor, Tensor>> cumulative_maximum(const KernelContext& context, const Tensor& self,
                                                     int64_t dimension);
Result<std::pair<Tensor, Tensor>> cumulative_minimum(const KernelContext& context, const Tensor& self,
                                                     int64_t dimension);

}  // namespace hearth
