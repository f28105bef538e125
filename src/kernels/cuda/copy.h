#pragma once

#include "kernels/context.h"

namespace hearth::gpu {

/// copy_strided() for tensors of one dtype and shape that both lie on the GPU, in the order of its work. kUnavailable
/// for others.
Status copy_strided(const GpuWork& gpu, const Tensor& to, const Tensor& from);

}  // namespace hearth::gpu
