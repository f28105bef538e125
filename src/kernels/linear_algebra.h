#pragma once

#include <string_view>
#include <tuple>

#include "kernels/context.h"

namespace hearth {

// Decompositions of matrices, torch.linalg's building blocks. Operands: [..., M, N] of float32 or float64, any strides,
// leading dimensions are batches; everything is computed in float64. Matrices in the results are column-major, as
// PyTorch returns them. `info` (int32 [...]) is 0, or the 1-based column where a matrix turned out singular or not
// positive definite. kInvalidArgument names what does not fit.

/// torch.linalg.inv_ex of square matrices: (inverse, info).
Result<std::tuple<Tensor, Tensor>> inverse(const KernelContext& context, const Tensor& a);

/// torch.linalg.cholesky_ex: (L with a = L·Lᵀ, info), or U = Lᵀ when `upper`. Only that triangle of `a` is read.
Result<std::tuple<Tensor, Tensor>> cholesky(const KernelContext& context, const Tensor& a, bool upper);

/// torch.linalg.lu_factor_ex with row exchanges: (L and U in one, int32 1-based pivots [..., min(M, N)], info).
Result<std::tuple<Tensor, Tensor, Tensor>> lu_factor(const KernelContext& context, const Tensor& a);

/// torch.linalg.solve_ex: x with a·x = b, or x·a = b unless `left`: (x, LU, pivots, info). b: [..., N, K], or [N] or
/// [..., N], whose rank is one less than a's.
Result<std::tuple<Tensor, Tensor, Tensor, Tensor>> solve(const KernelContext& context, const Tensor& a, const Tensor& b,
                                                         bool left);

/// (determinant, LU, pivots), and (sign, logarithm of its magnitude, LU, pivots).
Result<std::tuple<Tensor, Tensor, Tensor>> determinant(const KernelContext& context, const Tensor& a);
Result<std::tuple<Tensor, Tensor, Tensor, Tensor>> log_determinant(const KernelContext& context, const Tensor& a);

/// torch.linalg.qr by Householder reflections with LAPACK's signs. `mode`: "reduced", "complete", or "r" (Q is empty).
Result<std::tuple<Tensor, Tensor>> qr(const KernelContext& context, const Tensor& a, std::string_view mode);

/// torch.lu_unpack: (P, L, U), row-major, of factors and pivots as lu_factor returns them.
Result<std::tuple<Tensor, Tensor, Tensor>> unpack_lu(const KernelContext& context, const Tensor& lu,
                                                     const Tensor& pivots);

/// torch.linalg.householder_product: the first N columns of the product of K ≤ N ≤ M reflections; `taus` [..., K].
Result<Tensor> householder_product(const KernelContext& context, const Tensor& reflections, const Tensor& taus);

/// torch.linalg.solve_triangular: x with a·x = b, or x·a = b unless `left`; the diagonal is taken for 1 when `unit`.
Result<Tensor> solve_triangular(const KernelContext& context, const Tensor& a, const Tensor& b, bool upper, bool left,
                                bool unit);

/// kFailed naming `api` when an info is not 0.
Status check_decomposed(const Tensor& info, std::string_view api);

}  // namespace hearth
