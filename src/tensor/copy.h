#pragma once

#include "hearth/status.h"
#include "hearth/tensor.h"

namespace hearth {

/// Copies every element of `from` to the same place of `to`: equal shapes, any strides, converted when the dtypes
/// differ; complex numbers that become real ones lose their imaginary part. The tensors must not overlap.
/// kInvalidArgument says what does not fit.
Status copy_strided(const Tensor& to, const Tensor& from);

/// A view of `tensor` that repeats its dimensions of size 1, and missing leading ones, to `shape`, as PyTorch
/// broadcasts. kInvalidArgument when another size would have to change.
Result<Tensor> expand_to(const Tensor& tensor, std::span<const int64_t> shape);

/// Sets every byte of every element to zero.
Status fill_zero(const Tensor& tensor);

}  // namespace hearth
