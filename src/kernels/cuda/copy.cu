// Copies of elements between any strides, by the size of an element.

#include "copy_parameters.h"

namespace {

using hearth::gpu::StridedCopy;

template <typename Element>
__device__ void copy(Element* to, const Element* from, const StridedCopy& copy) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < copy.count; i += step) {
    int64_t rest = i;
    int64_t to_offset = 0;
    int64_t from_offset = 0;
    for (int dimension = copy.rank - 1; dimension >= 0; --dimension) {
      const int64_t at = rest % copy.shape[dimension];
      rest /= copy.shape[dimension];
      to_offset += at * copy.to_strides[dimension];
      from_offset += at * copy.from_strides[dimension];
    }
    to[to_offset] = from[from_offset];
  }
}

}  // namespace

#define HEARTH_COPY(name, element)                                                                                    \
  extern "C" __global__ void name(element* to, const element* from, const __grid_constant__ StridedCopy parameters) { \
    copy(to, from, parameters);                                                                                       \
  }

HEARTH_COPY(copy_1, uint8_t)
HEARTH_COPY(copy_2, uint16_t)
HEARTH_COPY(copy_4, uint32_t)
HEARTH_COPY(copy_8, uint64_t)
HEARTH_COPY(copy_16, ulonglong2)
