#include "convolution_numbers.cuh"

HEARTH_CONVOLUTIONS(float, hearth::gpu::kLargeFloat32Tile)
