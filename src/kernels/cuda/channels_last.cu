// Images of any strides as dense channels-last ones, by the size of an element.

#include "convolution_parameters.h"
#include "convolution_result.cuh"

namespace {

using namespace hearth::gpu;

constexpr int kSide = 32;  // Pixels and channels that a block of 32 by 8 threads copies.

template <typename Element>
__device__ void channels_last(Element* to, const Element* from, const ChannelsLastCopy& copy) {
  __shared__ Element square[kSide][kSide + 1];
  const int first_row = blockIdx.x * kSide;
  const int first_channel = blockIdx.y * kSide;
  const int lane = threadIdx.x;
  for (int i = threadIdx.y; i < kSide; i += blockDim.y) {
    const int row = copy.pixels_are_near ? lane : i;
    const int channel = copy.pixels_are_near ? i : lane;
    Element element{};
    if (first_row + row < copy.rows && first_channel + channel < copy.channels) {
      element = from[offset_of(pixel_of(first_row + row, copy.sizes), copy.strides) +
                     (first_channel + channel) * copy.strides[1]];
    }
    square[row][channel] = element;
  }
  __syncthreads();
  for (int row = threadIdx.y; row < kSide; row += blockDim.y) {
    if (first_row + row >= copy.rows || first_channel + lane >= copy.padded_channels) continue;
    to[static_cast<int64_t>(first_row + row) * copy.padded_channels + first_channel + lane] = square[row][lane];
  }
}

}  // namespace

#define HEARTH_CHANNELS_LAST(name, element)                                              \
  extern "C" __global__ void name(element* to, const element* from,                      \
                                  const __grid_constant__ ChannelsLastCopy parameters) { \
    channels_last(to, from, parameters);                                                 \
  }

HEARTH_CHANNELS_LAST(channels_last_1, uint8_t)
HEARTH_CHANNELS_LAST(channels_last_2, uint16_t)
HEARTH_CHANNELS_LAST(channels_last_4, uint32_t)
