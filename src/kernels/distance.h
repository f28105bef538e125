#pragma once

#include "kernels/context.h"

namespace hearth {

/// torch.cdist: the p-norms of the differences of all rows of a [..., P, M] and b [..., R, M], floating, leading
/// dimensions broadcast: [..., P, R], row-major. p is at least 0; infinity takes the largest difference.
Result<Tensor> pairwise_distances(const KernelContext& context, const Tensor& a, const Tensor& b, double p);

/// out = a · b, a: int8 [M, K], b: int8 [K, N], out: int32 [M, N], any strides.
Status integer_matmul(const KernelContext& context, const Tensor& out, const Tensor& a, const Tensor& b);

}  // namespace hearth
