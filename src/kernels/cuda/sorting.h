#pragma once

#include "kernels/sorting.h"

namespace hearth::gpu {

// Lines of some thousand elements are sorted by one block each, longer ones by digits in the GPU's memory. kUnavailable
// for operands in the host's memory, more than 2^31 - 1 lines, or 65535 long ones, and lines of more than 2^30
// elements.

/// hearth::sort() on the GPU.
Result<SortedLines> sort(const KernelContext& context, const Tensor& self, int64_t dimension, bool descending);
/// hearth::top_k() on the GPU.
Result<SortedLines> top_k(const KernelContext& context, const Tensor& self, int64_t k, int64_t dimension, bool largest);

/// Numbers from 0 to `end` - 1, int64 of rank 1, from the smallest on; equal ones keep their order.
Result<SortedLines> sort_numbers(const KernelContext& context, const Tensor& numbers, int64_t end);

}  // namespace hearth::gpu
