#pragma once

#include "kernels/context.h"

namespace hearth {

/// torch.cdist: the p-norms of the differences of all rows of a [..., P, M] and b [..., R, M], floating, leading
/// dimensions broadcast: [..., P, R], row-major. p is at least 0; infinity takes the largest difference.
Result<Tensor> pairwise_distances(const KernelContext& context, const Tensor& a, const Tensor& b, double p);

}  // namespace hearth
