#pragma once

#include <tuple>

#include "kernels/context.h"

namespace hearth {

// Eigenvalues, singular values and what follows from them. Operands as in linear_algebra.h: [..., M, N] of float32 or
// float64, computed in float64. The directions of vectors are free: PyTorch's may have the other sign.

/// torch.linalg.eigh of symmetric matrices, of which only the lower triangle is read, or the upper: (eigenvalues
/// ascending [..., N], eigenvectors as columns). Without `vectors` the second is empty. By Jacobi's rotations.
Result<std::tuple<Tensor, Tensor>> symmetric_eigen(const KernelContext& context, const Tensor& a, bool lower,
                                                   bool vectors);

/// torch.linalg.svd: (U, singular values descending [..., K], Vᵀ) with K = min(M, N); U is [..., M, K] and Vᵀ
/// [..., K, N], or square when `full`. Without `vectors` both are empty. By one-sided rotations (Hestenes).
Result<std::tuple<Tensor, Tensor, Tensor>> singular_values(const KernelContext& context, const Tensor& a, bool full,
                                                           bool vectors);

/// torch.linalg.matrix_exp of square matrices, row-major: a Taylor polynomial of the matrix divided by a power of two,
/// then squared as often.
Result<Tensor> matrix_exponential(const KernelContext& context, const Tensor& a);

}  // namespace hearth
