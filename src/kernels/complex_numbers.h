#pragma once

#include <cstdint>
#include <span>

#include "kernels/context.h"

namespace hearth {

bool is_complex(DType dtype);

/// Views of the parts of a complex tensor, in the real dtype of its precision.
Result<Tensor> real_part(const Tensor& tensor);
Result<Tensor> imaginary_part(const Tensor& tensor);

/// A fresh tensor like `self` with every imaginary part negated; real tensors are copied.
Result<Tensor> conjugate(const KernelContext& context, const Tensor& self);
/// Sums along `dimensions`, or over all of them when there are none; kept with size 1 or left out. Row-major.
Result<Tensor> complex_sum(const KernelContext& context, const Tensor& self, std::span<const int64_t> dimensions,
                           bool keep_dimensions);

/// a · b for complex matrices [M, K] and [K, N] of one dtype, or for batches of them; any strides, row-major result.
Result<Tensor> complex_matmul(const KernelContext& context, const Tensor& a, const Tensor& b);

}  // namespace hearth
