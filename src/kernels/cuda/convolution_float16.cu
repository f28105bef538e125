#include "convolution_numbers.cuh"

HEARTH_CONVOLUTIONS(__half, hearth::gpu::kLargeTensorCoreTile)
