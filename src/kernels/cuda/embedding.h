#pragma once

#include "kernels/block_linear.h"

namespace hearth::gpu {

/// hearth::block_embedding() on the GPU. Waits for it, because ids may be no rows. kUnavailable for operands in the
/// host's memory.
Result<Tensor> block_embedding(const KernelContext& context, const Tensor& ids, const BlockWeights& weight,
                               int64_t depth, DType dtype);

}  // namespace hearth::gpu
