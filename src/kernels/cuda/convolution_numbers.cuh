// The kernels for one dtype, which make up a file: a driver compiles only those of a model's dtypes.
#pragma once

#include "convolution_kernels.cuh"

#define HEARTH_CONVOLUTION(name, number, tile)                                                                         \
  extern "C" __global__ void __launch_bounds__(hearth::gpu::kConvolutionTiles[tile].threads)                           \
      name(number* y, float* partial, const number* x, const number* weight, const void* bias, const number* residual, \
           const __grid_constant__ hearth::gpu::ConvolutionProduct product) {                                          \
    const hearth::gpu::ResultWriter<number> writer(y, bias, residual, product.result);                                 \
    hearth::gpu::convolve<number, tile>(partial, x, weight, writer, product);                                          \
  }

#define HEARTH_CONVOLUTIONS(number, large_tile)                                                                    \
  HEARTH_CONVOLUTION(convolution_64x64, number, 0)                                                                 \
  HEARTH_CONVOLUTION(convolution_128x64, number, 1)                                                                \
  HEARTH_CONVOLUTION(convolution_128x128, number, large_tile)                                                      \
  extern "C" __global__ void add_splits(number* y, const float* partial, const void* bias, const number* residual, \
                                        const __grid_constant__ hearth::gpu::ConvolutionProduct product) {         \
    const hearth::gpu::ResultWriter<number> writer(y, bias, residual, product.result);                             \
    hearth::gpu::finish_splits(partial, writer, product);                                                          \
  }
