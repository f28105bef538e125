#pragma once

#include "kernels/context.h"

namespace hearth::gpu {

/// Replaces each line of `counts`, int32 [lines, n] row-major on the GPU, by the sums of what comes before each count.
/// Sums stay below 2^31.
Status prefix_sums(const GpuWork& gpu, const Tensor& counts);

}  // namespace hearth::gpu
