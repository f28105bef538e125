#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "kernels/context.h"

namespace hearth {

/// torch.cat: tensors joined along `dimension`, in the dtype that all promote to; channels-last when all of them are.
/// Empty tensors of rank 1 are passed over. kInvalidArgument names the tensor that does not fit.
Result<Tensor> concatenate(const KernelContext& context, std::span<const Tensor> tensors, int64_t dimension);
/// torch.nn.functional.pad with a constant: `padding` holds (before, after) for the last dimension, then the one before
/// it...; negative numbers crop.
Result<Tensor> pad_constant(const KernelContext& context, const Tensor& tensor, std::span<const int64_t> padding,
                            double value);
/// torch.repeat_interleave of counts: number i, repeats[i] times. `repeats` is int64 or int32 of rank 1, as is the
/// result. `output_size` is their sum where it is known.
Result<Tensor> repeat_interleave(const KernelContext& context, const Tensor& repeats,
                                 std::optional<int64_t> output_size);

/// Copies `from` to `to` as copy_strided does, shared out over the team.
Status parallel_copy_strided(ThreadTeam& team, const Tensor& to, const Tensor& from);

// Views: they share the storage of `tensor`.
Result<Tensor> permute(const Tensor& tensor, std::span<const int64_t> dimensions);
Result<Tensor> narrow(const Tensor& tensor, int64_t dimension, int64_t start, int64_t length);
/// tensor[..., start:end:step, ...] as Python cuts it: positions beyond the ends are moved there.
Result<Tensor> slice(const Tensor& tensor, int64_t dimension, std::optional<int64_t> start, std::optional<int64_t> end,
                     int64_t step);
Result<Tensor> squeeze(const Tensor& tensor, int64_t dimension);
/// A new dimension of size 1 before `dimension`; -1: after the last.
Result<Tensor> unsqueeze(const Tensor& tensor, int64_t dimension);
/// torch.reshape: one entry may be -1. A view where strides allow it, else a row-major copy.
Result<Tensor> reshape(const KernelContext& context, const Tensor& tensor, std::span<const int64_t> shape);
/// torch.Tensor.view(dtype): the same bytes as another dtype; the last dimension grows or shrinks with its size.
Result<Tensor> view_as_dtype(const Tensor& tensor, DType dtype);
/// [..., 2] of reals for complex numbers, and back.
Result<Tensor> view_as_real(const Tensor& tensor);
Result<Tensor> view_as_complex(const Tensor& tensor);

/// What torch.promote_types gives for two dtypes.
Result<DType> promote_dtypes(DType a, DType b);

}  // namespace hearth
