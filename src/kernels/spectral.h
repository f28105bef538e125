#pragma once

#include <cstdint>
#include <span>

#include "kernels/context.h"

namespace hearth {

/// How a discrete Fourier transform is scaled; the values are PyTorch's.
enum class FourierScale : int64_t { kNone = 0, kByRootOfSize = 1, kBySize = 2 };

// Discrete Fourier transforms along `dimensions` (distinct), of any sizes ≥ 1. Row-major results of the precision of
// `self`; any strides in. The size that scales is the product of the transformed sizes. kInvalidArgument names what
// does not fit.

/// Complex to complex of self's shape: exponents −2πi·jk/n forward, +2πi·jk/n otherwise.
Result<Tensor> fourier_transform(const KernelContext& context, const Tensor& self, std::span<const int64_t> dimensions,
                                 FourierScale scale, bool forward);
/// Real to complex, forward; `half`: of the last of `dimensions`, size n, only the first n/2+1 frequencies.
Result<Tensor> fourier_transform_of_real(const KernelContext& context, const Tensor& self,
                                         std::span<const int64_t> dimensions, FourierScale scale, bool half);
/// Complex to real, backward: the last of `dimensions` holds the first last_size/2+1 frequencies of a real signal.
Result<Tensor> fourier_transform_to_real(const KernelContext& context, const Tensor& self,
                                         std::span<const int64_t> dimensions, FourierScale scale, int64_t last_size);

namespace reference {
/// By the definition, n² steps a line.
Result<Tensor> fourier_transform(const KernelContext& context, const Tensor& self, std::span<const int64_t> dimensions,
                                 FourierScale scale, bool forward);
}  // namespace reference

}  // namespace hearth
