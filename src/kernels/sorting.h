#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "kernels/context.h"

namespace hearth {

// NaN counts as larger than every number. Every real dtype, any strides. Lines are those along one dimension.
// kInvalidArgument names the operand or parameter that does not fit.

/// Values and their int64 positions in their lines.
using SortedLines = std::pair<Tensor, Tensor>;

/// torch.sort, always stable; the order of dimensions in memory is kept.
Result<SortedLines> sort(const KernelContext& context, const Tensor& self, int64_t dimension, bool descending);
/// torch.topk, always sorted; of equal values the first come first. Row-major.
Result<SortedLines> top_k(const KernelContext& context, const Tensor& self, int64_t k, int64_t dimension, bool largest);
/// torch.kthvalue: the k-th smallest of each line, counted from 1.
Result<SortedLines> kth_value(const KernelContext& context, const Tensor& self, int64_t k, int64_t dimension,
                              bool keep_dimension);
/// torch.mode: the most frequent value of each line, the smallest of several, with the position where it comes last.
Result<SortedLines> mode(const KernelContext& context, const Tensor& self, int64_t dimension, bool keep_dimension);
/// The median of all elements, the lower of two: NaN when one is NaN, unless NaNs are left out.
Result<Tensor> median(const KernelContext& context, const Tensor& self, bool leave_out_nan);
/// The same of each line, with a position where it is.
Result<SortedLines> median_of_lines(const KernelContext& context, const Tensor& self, int64_t dimension,
                                    bool keep_dimension, bool leave_out_nan);

/// torch.searchsorted: for each value the position in its sorted line where it could be put in, before equal ones or
/// (`right`) after them. `sequence` has rank 1, or the leading shape of `values`. `sorter` is undefined, or int64
/// positions that sort `sequence`. int64, or int32 when `as_int32`; row-major.
Result<Tensor> search_sorted(const KernelContext& context, const Tensor& sequence, const Tensor& values, bool as_int32,
                             bool right, const Tensor& sorter);
/// torch.histc: how many elements fall into each of `bins` equal parts of [low, high], in self's dtype; the range of
/// the elements when both are equal. Floating dtypes.
Result<Tensor> histogram(const KernelContext& context, const Tensor& self, int64_t bins, double low, double high);

}  // namespace hearth
