#include "convolution_numbers.cuh"

HEARTH_CONVOLUTIONS(__nv_bfloat16, hearth::gpu::kLargeTensorCoreTile)
