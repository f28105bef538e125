#pragma once

#include "kernels/indexing.h"

namespace hearth::gpu {

// kernels/indexing.h on the GPU, with the same answers to the bit: values that join one element do so in the order of
// their positions, for which these are sorted. Work whose indices may be out of bounds, or whose result is as large as
// the values say, waits for the GPU. kUnavailable, before anything has changed, for operands in the host's memory and
// dtypes without a form there.

Result<Tensor> index(const KernelContext& context, const Tensor& self, std::span<const Tensor> indices);
Status index_put_in_place(const KernelContext& context, const Tensor& self, std::span<const Tensor> indices,
                          const Tensor& values, bool accumulate);
Status scatter(const KernelContext& context, const Tensor& out, const Tensor& self, int64_t dimension,
               const Tensor& index, const Tensor& source, Reduction reduction, bool include_self);
Status scatter_value(const KernelContext& context, const Tensor& out, const Tensor& self, int64_t dimension,
                     const Tensor& index, double value);
Result<Tensor> nonzero(const KernelContext& context, const Tensor& self);
Result<Tensor> masked_select(const KernelContext& context, const Tensor& self, const Tensor& mask);

/// hearth::clone() on the GPU.
Result<Tensor> clone(const KernelContext& context, const Tensor& self);

}  // namespace hearth::gpu
