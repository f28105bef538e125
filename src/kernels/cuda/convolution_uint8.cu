// Convolutions of bytes with filters of int8_t, whose bytes are passed on as they are.

#include "convolution_byte_result.cuh"
#include "convolution_kernels.cuh"

using namespace hearth::gpu;

#define HEARTH_CONVOLUTION(name, tile)                                                                                 \
  extern "C" __global__ void __launch_bounds__(kConvolutionTiles[tile].threads)                                        \
      name(void* y, int32_t* partial, const uint8_t* x, const uint8_t* weight, const float* scales, const float* bias, \
           const void* residual, const __grid_constant__ ConvolutionProduct product,                                   \
           const __grid_constant__ ByteFinish finish) {                                                                \
    const ByteResultWriter writer(y, scales, bias, residual, product.result, finish);                                  \
    convolve<uint8_t, tile>(partial, x, weight, writer, product);                                                      \
  }

HEARTH_CONVOLUTION(convolution_64x64, 0)
HEARTH_CONVOLUTION(convolution_128x64, 1)
HEARTH_CONVOLUTION(convolution_128x128, kLargeTensorCoreTile)

extern "C" __global__ void add_splits(void* y, const int32_t* partial, const float* scales, const float* bias,
                                      const void* residual, const __grid_constant__ ConvolutionProduct product,
                                      const __grid_constant__ ByteFinish finish) {
  const ByteResultWriter writer(y, scales, bias, residual, product.result, finish);
  finish_splits(partial, writer, product);
}
