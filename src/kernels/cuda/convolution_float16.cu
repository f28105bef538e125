#include "convolution_kernels.cuh"

HEARTH_CONVOLUTIONS(__half)
