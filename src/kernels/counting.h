#pragma once

#include <cstdint>
#include <optional>
#include <tuple>

#include "kernels/context.h"

namespace hearth {

/// Values, the position of each element of self among them (int64, self's shape), how often each occurs (int64): the
/// last two are empty unless asked for. With a dimension, what is told apart are the slices along it: the values then
/// have self's other sizes, and the positions are as many as there are slices. Row-major.
using UniqueValues = std::tuple<Tensor, Tensor, Tensor>;

/// torch.unique, ascending, slices by their first elements that differ; no NaN equals another. Real dtypes, any
/// strides.
Result<UniqueValues> unique_values(const KernelContext& context, const Tensor& self, std::optional<int64_t> dimension,
                                   bool inverse, bool counts);
/// torch.unique_consecutive, over elements in row-major order: the first of each run of equal ones.
Result<UniqueValues> unique_runs(const KernelContext& context, const Tensor& self, std::optional<int64_t> dimension,
                                 bool inverse, bool counts);

/// torch.bincount: how often each number from 0 occurs in self (rank 1, integers ≥ 0), or the sum of the weights there;
/// int64, or float32 for float32 weights, else float64. At least `least_bins` of them. kInvalidArgument for negative
/// numbers and what does not fit.
Result<Tensor> count_bins(const KernelContext& context, const Tensor& self, const Tensor& weights, int64_t least_bins);

}  // namespace hearth
