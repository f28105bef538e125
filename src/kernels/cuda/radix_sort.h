#pragma once

#include "kernels/context.h"

namespace hearth::gpu {

/// Sorts each line of `keys`, unsigned numbers in int32 or int64 [lines, length], row-major on the GPU, by their lowest
/// `bits` bits: the positions in their lines, int32 [lines, length], equal keys in their order. `keys` are used up. By
/// digits of 8 bits, the lowest first. kUnavailable for more than 65535 lines or 2^30 keys in a line.
Result<Tensor> radix_sort(const KernelContext& context, const Tensor& keys, int bits);

}  // namespace hearth::gpu
