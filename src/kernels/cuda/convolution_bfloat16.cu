#include "convolution_kernels.cuh"

HEARTH_CONVOLUTIONS(__nv_bfloat16)
