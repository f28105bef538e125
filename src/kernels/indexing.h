#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "kernels/context.h"

namespace hearth {

// Index tensors are int64, int32 or, as masks, bool or uint8. kInvalidArgument names the operand that does not fit, and
// the first index that is out of bounds.

/// tensor[indices] as torch indexes: indices[i] belongs to dimension i, undefined ones are full slices, negative
/// numbers count from the end, masks stand for the indices of their true elements. The strides of the result are those
/// that at::index gives it.
Result<Tensor> index(const KernelContext& context, const Tensor& self, std::span<const Tensor> indices);
/// tensor[indices] = values, or += when `accumulate`; values broadcast. Where an index repeats, the last value stays.
Status index_put_in_place(const KernelContext& context, const Tensor& self, std::span<const Tensor> indices,
                          const Tensor& values, bool accumulate);

/// How a value joins what is there.
enum class Reduction { kReplace, kSum, kProduct, kMean, kMaximum, kMinimum };
/// "sum", "prod", "mean", "amax" or "amin". kInvalidArgument otherwise.
Result<Reduction> parse_reduction(std::string_view name);

/// out = self, then out[..., index[p], ...] (in `dimension`) is joined by source[p] for each position p of index. out
/// may be self. Unless `include_self`, values of self that anything joins do not count.
Status scatter(const KernelContext& context, const Tensor& out, const Tensor& self, int64_t dimension,
               const Tensor& index, const Tensor& source, Reduction reduction, bool include_self);
/// The same with one value for all positions.
Status scatter_value(const KernelContext& context, const Tensor& out, const Tensor& self, int64_t dimension,
                     const Tensor& index, double value);
/// torch.index_reduce: entry i of `dimension` of source joins entry index[i] of self.
Result<Tensor> index_reduce(const KernelContext& context, const Tensor& self, int64_t dimension, const Tensor& index,
                            const Tensor& source, Reduction reduction, bool include_self);

/// The positions of the elements that are not zero: int64 [count, rank] in row-major order of the elements, columns
/// adjacent.
Result<Tensor> nonzero(const KernelContext& context, const Tensor& self);
/// The elements of self where mask is true, both broadcast, in row-major order: rank 1.
Result<Tensor> masked_select(const KernelContext& context, const Tensor& self, const Tensor& mask);
/// self with the elements where mask is true replaced by those of source, one after another.
Result<Tensor> masked_scatter(const KernelContext& context, const Tensor& self, const Tensor& mask,
                              const Tensor& source);

}  // namespace hearth
